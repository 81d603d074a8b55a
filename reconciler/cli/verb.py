"""What makes a function a command: the common options, and how it goes about several accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from reconciler.cli.common import Common, ExampleCommand, PerAccount, common_options


def verb(
    name: str, examples: str, accounts: PerAccount | None = None
) -> Callable[[Callable[..., Any]], ExampleCommand]:
    """Decorate a function as a command with examples and the common options. Without `accounts` it is about
    none."""

    def decorate(function: Callable[..., Any]) -> ExampleCommand:
        def run(common: Common, **given: Any) -> Any:
            if accounts is None:
                common.refuse("accounts")
                return function(common, **given)
            from reconciler.cli.accounts import run

            return run(common, accounts, name, given, lambda common: function(common, **given))

        run.__doc__ = function.__doc__
        run.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        made = click.command(
            name, cls=ExampleCommand, context_settings={"help_option_names": ["--help", "-h"]}
        )(common_options(run, of_accounts=accounts is not None))
        made.examples = examples
        return made

    return decorate
