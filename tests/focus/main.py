"""Has the FinOps Foundation's validator read cost data, and then mistakes that are put into them: main.py FOCUS_CSV..."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import focus_validator
import pyarrow
from pyarrow import csv, parquet

VERSION = "1.2"
# What a provider supports who sells what is simulated. Commitments and reservations of capacity are not.
SUPPORTED = [
    "ACCOUNT_NAMING_SUPPORTED",
    "AVAILABILITY_ZONE_SUPPORTED",
    "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
    "NEGOTIATED_PRICING_SUPPORTED",
    "PUBLIC_PRICE_LIST_SUPPORTED",
    "REGION_SUPPORTED",
    "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED",
    "SUB_ACCOUNT_SUPPORTED",
    "TAGGING_SUPPORTED",
    "UNIT_PRICING_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED",
]
# Rules that fail and may, with the reason.
ALLOWED = {
    "InvoiceId-C-005-C": "no invoice is issued for a simulation; InvoiceId-C-004-C asks for null, and one of the two fails in any case",
}
NUMBERS = re.compile(r"(Cost|Price|Quantity)$")
TIMES = re.compile(r"Period(Start|End)$")


def read(table: Path) -> pyarrow.Table:
    """The columns with their types: in CSV everything is text, and guessing takes ids for numbers."""
    with table.open() as lines:
        columns = lines.readline().strip().split(",")
    types = {
        column: pyarrow.float64()
        if NUMBERS.search(column)
        else pyarrow.timestamp("us", "UTC")
        if TIMES.search(column)
        else pyarrow.string()
        for column in columns
    }
    options = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True)
    return csv.read_csv(table, convert_options=options)


def failures(table: pyarrow.Table) -> tuple[int, dict[str, str]]:
    """How many rules passed, and those that failed. The validator's exit code is 0 in any case."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "cost.parquet")
        parquet.write_table(table, file)
        command = [
            Path(sys.executable).with_name("focus-validator"),
            *("--data-file", file, "--validate-version", VERSION, "--block-download"),
            *("--focus-dataset", "CostAndUsage", "--applicability-criteria", ",".join(SUPPORTED)),
        ]
        # It looks for its table of currencies from where it is installed.
        at = Path(focus_validator.__file__).parent.parent
        said = subprocess.run(command, cwd=at, capture_output=True, text=True).stdout
    total = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+)", said)
    assert total, f"the validator says no total:\n{said[-2000:]}"
    failed = dict(re.findall(r"❌ ([\w-]+): FAIL\s+(.*)", said))
    assert len(failed) == int(total[3]), f"{total[0]}, and {len(failed)} are named"
    return int(total[2]), failed


def with_column(table: pyarrow.Table, name: str, values) -> pyarrow.Table:
    return table.set_column(table.column_names.index(name), name, values)


def nulled(table: pyarrow.Table, name: str) -> pyarrow.Table:
    return with_column(table, name, pyarrow.nulls(table.num_rows, table.schema.field(name).type))


def renamed(table: pyarrow.Table, name: str, to: str) -> pyarrow.Table:
    return with_column(table, name, pyarrow.array([to] * table.num_rows))


# A mistake, the rule that has to find it, and how it is made.
FAULTS = [
    ("a charge nobody bills", "BilledCost", lambda table: nulled(table, "BilledCost")),
    ("a currency that does not exist", "BillingCurrency", lambda table: renamed(table, "BillingCurrency", "RUPEES")),
    ("a category that does not exist", "ChargeCategory", lambda table: renamed(table, "ChargeCategory", "usage")),
    ("a service of no category", "ServiceCategory", lambda table: renamed(table, "ServiceCategory", "Servers")),
    ("a table without its periods", "ChargePeriodStart", lambda table: table.drop_columns("ChargePeriodStart")),
]


def main(tables: list[Path]) -> int:
    wrong = 0
    for file in tables:
        table = read(file)
        passed, failed = failures(table)
        unknown = {rule: why for rule, why in failed.items() if rule not in ALLOWED}
        stale = ALLOWED.keys() - failed.keys()
        print(f"{file.parent.name}: {table.num_rows} rows, {passed} rules hold, {len(failed)} fail, {len(unknown)} of them may not")
        for rule, why in unknown.items():
            print(f"  {rule}: {why}")
        for rule in stale:
            print(f"  {rule} does not fail any more: it need not be allowed")
        wrong += len(unknown) + len(stale)
    table = read(tables[0])
    for what, column, fault in FAULTS:
        found = [rule for rule in failures(fault(table))[1] if rule not in ALLOWED]
        of_column = [rule for rule in found if rule.startswith(column)]
        print(f"{what}: {of_column[0] if of_column else 'NOT FOUND'}")
        wrong += not of_column
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
