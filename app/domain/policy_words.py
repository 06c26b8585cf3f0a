"""A policy in sentences, for whoever has to know what the service will do. Pure."""

from app.domain.policy import Action, Policy, Rule, allowed_actions

_DONE = {
    Action.ACCEPT: "the order is accepted all the same",
    Action.PARTIAL: "the lines concerned are left out or made smaller and the rest is accepted",
    Action.REJECT: "the order is rejected",
    Action.HOLD: "the order is held for a person",
}


def explain_rule(rule: Rule) -> str:
    """Return what a rule does, as a sentence without its period."""
    words = _DONE[rule.action]
    if rule.action is Action.HOLD and rule.hold_hours is not None and rule.then is not None:
        words += f" for {rule.hold_hours:f} hours; if nobody decides, {_DONE[rule.then]}"
    if rule.minimum_value_share:
        share = f"{rule.minimum_value_share:.0%}"
        words += f", if at least {share} of its value is left, and held for a person otherwise"
    if rule.rejection is not None:
        words += f" (Ankorstore is told {rule.rejection.reject_type}"
        words += f": {rule.rejection.reason})" if rule.rejection.reason else ")"
    return words


def explain_policy(policy: Policy, reasons: tuple[str, ...]) -> list[str]:
    """Return a line for each of *reasons*: those with a rule of their own, then the defaults."""
    lines = [f"{code}: {explain_rule(policy.rule_of(code))}." for code in policy.rules]
    others = [code for code in reasons if code not in policy.rules]
    accepted = [code for code in others if policy.rule_of(code).action is Action.ACCEPT]
    held = [code for code in others if policy.rule_of(code).action is Action.HOLD]
    lines += [f"{code}: {explain_rule(policy.rule_of(code))} (default)." for code in accepted]
    if held:
        lines.append("Every other reason holds the order for a person (default):")
        lines += [f"  {code}: may be {', '.join(allowed_actions(code))}" for code in held]
    return lines
