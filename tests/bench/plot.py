"""Bars of the contenders' medians, as SVG: `python -m tests.bench.plot FILE JSON`, in the peers' Python."""

import sys

import matplotlib as mpl
import orjson
from matplotlib import pyplot as plt


def main() -> None:
    """Draw them, the fastest on top."""
    path, medians = sys.argv[1], orjson.loads(sys.argv[2])
    mpl.rcParams["svg.hashsalt"] = "truceline"
    names = sorted(medians, key=medians.__getitem__)
    figure, axes = plt.subplots(figsize=(8, 0.45 * len(names) + 1))
    colours = ["#b5522a" if name.startswith("truceline") else "#7a8793" for name in names]
    bars = axes.barh(names, [medians[name] for name in names], color=colours)
    axes.bar_label(bars, fmt="{:,.0f}", padding=4)
    axes.set_xlabel("reports a second, steady, medians")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
