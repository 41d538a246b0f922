"""Messages at the start and at the end of a run."""

import os
import re
import time

STARTED = time.monotonic()
MANY = 40  # figures that are listed one by one at most


def refuse_placeholders():
    """Stop before anything is submitted if the profile was not edited."""
    left = {
        f"{key}: {value}"
        for job in workflow.dag.needrun_jobs()
        if not job.is_local
        for key in job.resources.keys()
        if str(value := job.resources.get(key, "")).startswith("your-")
    }
    if left:
        raise WorkflowError(
            f"profile: placeholders are left ({', '.join(sorted(left))}): put your cluster's "
            "names into its config.yaml (docs/cluster.md says how to find them); "
            "nothing was submitted"
        )


def print_results(figures, tables):
    """Print what was made, where it is, and how long it took."""
    made = [path for path in figures if path.endswith(".png") and Path(path).exists()]
    print(
        f"\nDone in {elapsed()}. Figures (also as PDF, with their numbers as CSV) and tables:"
    )
    shown = made if len(made) <= MANY else [f"{len(made)} figures under {FIGURES}/"]
    for path in [*shown, *(path for path in tables if Path(path).exists())]:
        print(f"  {path}")
    print(
        f"For a report, add to the command: --report {RESULTS}/report.html --quiet all\n"
        f"Time and memory of the jobs: logs/benchmarks/{RESULTS}/"
    )


def print_failures(logs):
    """Print which jobs failed and where their logs are, from Snakemake's own logs."""
    text = "".join(Path(path).read_text() for path in logs)
    failed = {}
    for rule, block in re.findall(r"Error in \S+ (\w+):\n((?: {4}.*\n)+)", text):
        said = dict(
            re.findall(r"^ {4}(output|log): (.*?)(?: \(.*\))?$", block, re.MULTILINE)
        )
        # A job that was tried again may have succeeded since.
        if not all(map(os.path.exists, said.get("output", "-").split(", "))):
            failed[f"{rule}: {said.get('log', 'no log')}"] = None
    print(f"\nNot complete after {elapsed()}. These jobs failed; read their logs:")
    for line in failed or logs:
        print(f"  {line}")
    print(
        "Finished results are kept: correct the cause and run the same command again."
    )


def elapsed():
    """Time since Snakemake began, in words."""
    minutes, seconds = divmod(round(time.monotonic() - STARTED), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
