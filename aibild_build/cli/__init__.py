"""The command line: commands, flags, exit codes; the only room that prints.

stdout is data, stderr is talk. A command's module is imported when it is called, so `aibild --version` stays quick. Exit codes:
0 clean, 1 findings at error level or a frozen build that would change something, 2 the site's source is wrong, 3 the machine or
a service failed.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from .. import __version__

_SECTIONS = {
    "Every day": ("init", "plan", "build", "serve", "check", "deploy", "why"),
    "Published": ("releases", "rollback", "restore"),
    "Trust": ("review", "approve", "reject", "withdraw", "pick", "retract", "audit", "credentials", "verify", "hooks"),
    "Pictures": ("generate", "refine", "gates", "brief", "briefs", "models", "cache", "report"),
    "Other people's pages": ("pictures", "enhance", "export"),
}
_HELP = {
    "init": "Write a small two-language site that builds at once.",
    "plan": "Say what a build would make, why, and what it costs.",
    "build": "Build the site.",
    "serve": "Serve the site while you work on it, and show each save at once.",
    "check": "Check a built site, ours or anybody's.",
    "deploy": "Bring the built site to its host.",
    "releases": "List what was deployed.",
    "restore": "Bring back what is known of a published picture.",
    "rollback": "Show a former release again.",
    "why": "Say why something would be made again.",
    "generate": "Make pictures and pin them in aibild.lock.",
    "refine": "Make delivered files smaller while there is time.",
    "review": "Look at pictures and decide on them, in a browser.",
    "approve": "Say yes to the pictures of a brief.",
    "reject": "Say no to the pictures of a brief, and why.",
    "withdraw": "Take back a yes or a no.",
    "pick": "Choose among the candidates of a picture.",
    "retract": "Bar a picture from every build.",
    "audit": "Verify and show the trail of decisions.",
    "gates": "Say what the gates measured, against their limits.",
    "brief": "Look at image briefs.",
    "briefs": "Write many briefs at once, from a feed.",
    "enhance": "Give any built site's pictures their sizes and formats.",
    "models": "Look after the models that pictures are made with.",
    "credentials": "Look after the certificate that pictures are signed with.",
    "hooks": "Look after what other systems are told.",
    "verify": "Say what picture files tell of themselves.",
    "cache": "Look after the store.",
    "report": "Report what the site cost.",
    "pictures": "Make pictures for the pages of another generator.",
    "export": "Write what other systems want to know of pictures.",
}


class Commands(click.Group):
    """Loads a command's module when it is asked for, and groups the help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for names in _SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _HELP:
            return None
        command: click.Command = getattr(import_module(f".{cmd_name}", __name__), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, _HELP[name]) for name in names])


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"aibild {__version__}")
        ctx.exit()


def _print_versions(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from .versions import version_lines

        for line in version_lines():
            click.echo(line)
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version.")
@click.option(
    "-v",
    "--versions",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Print it with those of the libraries that matter.",
)
def aibild() -> None:
    """Turn Markdown and image briefs into pages with generated, cached, marked and checked pictures."""


def main() -> None:
    """The console script."""
    sys.exit(aibild(prog_name="aibild"))
