"""`aibild check --explain`: what a rule asks for and why, without a network."""

from __future__ import annotations

import click

from .shared import Command, errors


def explain_option(command: Command) -> Command:
    """The option itself, which does its work at once and leaves the command undone."""
    asked = "Say what this rule asks for, why, and what to do; check nothing."
    return click.option("--explain", metavar="ID", is_eager=True, expose_value=False, callback=_explain, help=asked)(command)


def known_rule(rule: str) -> None:
    """Raises click.UsageError for a rule that there is not."""
    from ..check import all_rules
    from ..source import nearest_hint

    known = all_rules()
    if rule not in known:
        near = nearest_hint(rule, known)
        raise click.UsageError(f"there is no rule `{rule}`" + (f": {near}" if near else ""))


def _explain(context: click.Context, option: click.Parameter, rule: str | None) -> None:
    if rule is None or context.resilient_parsing:
        return
    with errors(False):
        from ..check import all_rules
        from ..reports.check import rule_lines

        known_rule(rule)
        for line in rule_lines(all_rules()[rule]):
            click.echo(line)
    context.exit()
