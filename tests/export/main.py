"""Asks the real tools about exports: every rule of each, then every seeded fault.

    main.py KARPSIM SCENARIOS... [--faults SCENARIO]
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import checkov_rules  # noqa: F401, each registers its rules
import kubernetes_rules  # noqa: F401
import terraform_rules  # noqa: F401
from faults import FAULTS, seed
from rules import RULES, violations
from subject import Subject


def export(karpsim, scenario, into):
    name = Path(scenario).stem
    folder = into / "exports" / name
    subprocess.run([karpsim, "export", scenario, "--no-run", "--out", folder], check=True, stdout=subprocess.DEVNULL)
    return folder


def comes_back(karpsim, subject, work):
    """What an import of the real plan and the manifests exports otherwise than the export itself: nothing."""
    back = work / "back"
    back.mkdir(exist_ok=True)
    plan, scenario, again = (back / f"{subject.name}{end}" for end in (".json", ".yaml", ""))
    plan.write_text(json.dumps(subject.plan))
    manifests = sorted((subject.root / "helm/manifests").iterdir())
    subprocess.run([karpsim, "import", plan, *manifests, "--out", scenario], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([karpsim, "export", scenario, "--no-run", "--out", again], check=True, stdout=subprocess.DEVNULL)
    for made in sorted(path for part in ("terraform", "helm") for path in (again / part).rglob("*") if path.is_file()):
        name = made.relative_to(again)
        if not (subject.root / name).is_file() or made.read_bytes() != (subject.root / name).read_bytes():
            yield "comes_back", f"{name} is another after plan, import and export"


def check(karpsim, folder, work):
    start = time.monotonic()
    subject = Subject(folder, work / "checked" / folder.name)
    found = [*violations(subject), *comes_back(karpsim, subject, work)]
    resources = len(subject.state)
    took = time.monotonic() - start
    print(
        f"{folder.name}: {len(RULES) + 1} rules, {len(found)} violations; {resources} resources and data sources,"
        f" {len(subject.rendered)} objects; {took:.0f} s",
        flush=True,
    )
    for name, text in found:
        print(f"  {name}: {text}")
    return not found


def try_faults(folder, work):
    """Seeds every fault; whether the rules found them all, and the README names them."""
    readme = (Path(__file__).parent / "README.md").read_text()
    unnamed = [fault.what for fault in FAULTS if f"| {fault.what} | `{fault.found_by}` |" not in readme]
    if unnamed:
        print(f"README.md does not name {unnamed}")
    # Where checkov could not be had, nothing is asked of it.
    faults = [fault for fault in FAULTS if fault.found_by in RULES]
    rounds = [[fault for fault in faults if not fault.alone], *([fault] for fault in faults if fault.alone)]
    missed = 0
    for place, together in enumerate(rounds):
        subject = Subject(folder, work / "faults" / str(place))
        for fault in together:
            seed(subject, fault)
        found = violations(subject, sorted({fault.found_by for fault in together}))
        for fault in together:
            is_found = any(rule == fault.found_by and fault.says in text for rule, text in found)
            missed += not is_found
            print(f"  {'found ' if is_found else 'MISSED'} {fault.what}: {fault.found_by}", flush=True)
            if not is_found:
                print("".join(f"      {text[:400]}\n" for rule, text in found if rule == fault.found_by))
        shutil.rmtree(subject.root)
    print(f"faults: {len(faults) - missed} of {len(faults)} found")
    return missed == 0 and not unnamed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("karpsim")
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--faults", metavar="SCENARIO")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        good = [check(arguments.karpsim, export(arguments.karpsim, scenario, work), work) for scenario in arguments.scenarios]
        if arguments.faults:
            name = Path(arguments.faults).stem
            known = work / "exports" / name
            good.append(try_faults(known if known.exists() else export(arguments.karpsim, arguments.faults, work), work))
    sys.exit(not all(good))


main()
