"""report.py DIRECTORY HEADING: of results.csv there, the tables in results.md and on the standard output, and a bar plot
WORKLOAD.svg for each. A ratio is that of medians, to bide's. The sizes that workloads.txt tells are those of a full run."""

import csv
import html
import pathlib
import statistics
import sys

TEXT, OURS, THEIRS = "#6e7781", "#2f81f7", "#8b949e"  # readable on white and on black
ROW, LABELS, BARS, FIGURES = 22, 150, 420, 190
CUT = 8  # times the median of bide: longer bars end there


def read(path):
    """{workload: {metric: {implementation: [figure, ...]}}}, each in the order in which it was measured."""
    results = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            metrics = results.setdefault(row["workload"], {})
            figures = metrics.setdefault(row["metric"], {}).setdefault(row["implementation"], [])
            figures.append(float(row["figure"]))
    return results


def descriptions():
    """{workload: what it is}"""
    lines = (pathlib.Path(__file__).parent / "workloads.txt").read_text().splitlines()
    fields = [[field.strip() for field in line.split("|")] for line in lines]
    return {field[0]: field[3] for field in fields}


def number(x):
    return f"{x:.0f}" if abs(x) >= 100 else f"{x:.3g}"


def by_median(figures):
    return sorted(figures, key=lambda implementation: statistics.median(figures[implementation]))


def ratio(figures, implementation):
    """None where it says nothing."""
    base = statistics.median(figures.get("bide", [0]))
    return statistics.median(figures[implementation]) / base if base > 0 else None


def cells(figures, implementation):
    if implementation not in figures:
        return ["", ""]
    own = sorted(figures[implementation])
    spread = f" ({number(own[0])} – {number(own[-1])})" if len(own) > 1 else ""
    times = ratio(figures, implementation)
    return [number(statistics.median(own)) + spread, "" if times is None else f"{times:.2f}"]


def table(metrics):
    implementations = dict.fromkeys(each for figures in metrics.values() for each in by_median(figures))
    heading = [""] + [column for metric in metrics for column in (metric, "/ bide")]
    rows = [[each] + [cell for figures in metrics.values() for cell in cells(figures, each)] for each in implementations]
    rules = ["---"] + ["---:"] * (len(heading) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in [heading, rules] + rows)


def text(x, y, what, colour=TEXT, anchor="start", weight="normal"):
    what = html.escape(what)
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}">{what}</text>'


def bar(y, implementation, figures, end):
    """One line of a plot, in which a bar of the length `end` fills the width and a longer one is broken."""
    median = statistics.median(figures[implementation])
    times = ratio(figures, implementation)
    ours = implementation.startswith("bide")
    colour, label = (OURS, OURS) if ours else (THEIRS, TEXT)
    width = max(1, round(min(median, end) / end * BARS)) if end > 0 else 1
    path = f"M{LABELS} {y}h{width}v{ROW - 6}h-{width}z"
    if median > end:
        path += f"M{LABELS + width - 24} {y}m6 0h6l-6 {ROW - 6}h-6z"
    figure = number(median) + ("" if times is None else f" · {times:.2f}×")
    base = y + ROW - 10
    return (f'<path d="{path}" fill="{colour}" fill-rule="evenodd"/>' + text(LABELS - 8, base, implementation, label, "end")
            + text(LABELS + width + 8, base, figure, label))


def plot(workload, metrics):
    lines, y = [], 0
    for metric, figures in metrics.items():
        medians = [statistics.median(own) for own in figures.values()]
        base = statistics.median(figures.get("bide", [0]))
        end = min(max(medians), CUT * base) if base > 0 else max(medians)
        lines.append(text(LABELS, y + ROW - 8, f"{workload}: {metric}", weight="bold"))
        for implementation in by_median(figures):
            y += ROW
            lines.append(bar(y, implementation, figures, end))
        y += ROW + 16
    size = f"{LABELS + BARS + FIGURES} {y - 8}"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-family="sans-serif" font-size="13">\n'
            + "\n".join(lines) + "\n</svg>\n")


def main(directory, heading):
    results = read(directory / "results.csv")
    what = descriptions()
    parts = [heading]
    for workload, metrics in results.items():
        parts += [f"## {workload}", what.get(workload.split("-")[0], ""), table(metrics)]
        (directory / f"{workload}.svg").write_text(plot(workload, metrics))
    page = "\n\n".join(parts)
    (directory / "results.md").write_text(page + "\n")
    print(page)


main(pathlib.Path(sys.argv[1]), sys.argv[2])
