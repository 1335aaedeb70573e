"""What must hold of an export: every rule yields what is wrong, and names the thing."""

RULES = {}


def rule(function):
    RULES[function.__name__] = function
    return function


def violations(subject, names=None):
    """What is wrong, as (rule, text); a tool that refuses is a violation of the rule that asked it."""
    from subject import Failed

    found = []
    for name in names or RULES:
        try:
            found.extend((name, text) for text in RULES[name](subject))
        except Failed as refusal:
            found.append((name, str(refusal)))
    return found
