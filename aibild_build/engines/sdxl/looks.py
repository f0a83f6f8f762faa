"""A small look at a picture that is not finished, for people who wait for it.

Takes the latents between two steps, yields 8-bit RGB of at most 256 pixels a side. An approximation: noise that is still in the
latents is seen as grain, and they are averaged down before they are decoded, by the model's own VAE, so that a look costs little.
"""

from __future__ import annotations

from typing import Any

from ... import tensors
from ...model import Size

_SIDE = 32  # latents; eight pixels each


def look_at(pipeline: Any, latents: Any) -> tuple[bytes, Size]:
    """Samples and size. Draws no random number and leaves the pipeline as it was, so that the picture stays the same."""
    torch = tensors.torch()
    vae = pipeline.vae
    before = vae.dtype
    with torch.no_grad():
        small = latents[:1].float()
        factor = -(-max(small.shape[-2:]) // _SIDE)
        if factor > 1:
            small = torch.nn.functional.avg_pool2d(small, factor, ceil_mode=True)
        if before == torch.float16:
            vae.to(torch.float32)  # the published VAE overflows in half precision; there and back is lossless
        try:
            decoded = vae.decode(_unscaled(vae, small).to(vae.dtype)).sample
        finally:
            vae.to(before)
        values = ((decoded[0].float() / 2 + 0.5).nan_to_num().clamp(0, 1) * 255).round().to(torch.uint8)
    shown = values.permute(1, 2, 0).contiguous().cpu().numpy()
    return shown.tobytes(), (shown.shape[1], shown.shape[0])


def _unscaled(vae: Any, latents: Any) -> Any:
    """Latents as the denoiser has them → as the VAE has them."""
    mean, spread = getattr(vae.config, "latents_mean", None), getattr(vae.config, "latents_std", None)
    latents = latents / vae.config.scaling_factor
    if mean is None or spread is None:
        return latents
    torch = tensors.torch()
    shape = (1, -1, 1, 1)
    return latents * torch.tensor(spread, device=latents.device).view(shape) + torch.tensor(mean, device=latents.device).view(
        shape
    )
