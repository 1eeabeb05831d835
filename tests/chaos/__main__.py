"""`python -m tests.chaos`: a run of any size, with its seed and schedule printed."""

import argparse
import sys
import time
from collections import Counter
from dataclasses import fields

from tests.chaos.run import Plan, run


def main() -> int:
    """Return 1 where anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    for option in fields(Plan):
        default = int(time.time()) if option.name == "seed" else option.default
        parser.add_argument(f"--{option.name}", type=type(default), default=default, help=f"default {default}")
    plan = Plan(**vars(parser.parse_args()))
    say = sys.stdout.write
    say(f"{plan}\n")
    of_kind = Counter(failure.kind for failure in plan.failures_planned())
    say("".join(f"{count:4} {kind}\n" for kind, count in of_kind.most_common()))
    result = run(plan, lambda line: say(f"{line}\n"))
    for problem in result.problems[:100]:
        say(f"{problem}\n")
    say(f"{'FAILED' if result.problems else 'passed'}: {plan}, {result.seconds:.0f} s\n")
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
