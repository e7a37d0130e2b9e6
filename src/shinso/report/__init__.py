"""A run as a page, and figures of runs.

`write(run, path)` writes one self-contained HTML file, `render(run)` returns it as text, `renew(folder)` writes that of a
folder again; `write_comparison`, `render_comparison` and `verdict` show runs side by side. The figure functions return
matplotlib figures that belong to nobody: save them with `save_figure(figure, path)`, or let a notebook show them.
`render_summary(run)` is what a notebook shows of it, `headline` a run's result in a sentence, `beside_baselines` what it is
worth beside simple methods, `findings` those of a diagnosis in words, `stylesheet` the look of its pages.
"""

from shinso.report._baselines import beside_baselines as beside_baselines
from shinso.report._comparison import comparison_figure as comparison_figure
from shinso.report._comparison import render_comparison as render_comparison
from shinso.report._comparison import verdict as verdict
from shinso.report._comparison import write_comparison as write_comparison
from shinso.report._confusion import confusion_figure as confusion_figure
from shinso.report._curves import learning_curves as learning_curves
from shinso.report._findings import findings as findings
from shinso.report._headline import Headline as Headline
from shinso.report._headline import headline as headline
from shinso.report._mistakes import mistakes_figure as mistakes_figure
from shinso.report._page import render as render
from shinso.report._page import renew as renew
from shinso.report._page import write as write
from shinso.report._regression import regression_figure as regression_figure
from shinso.report._save_figure import save_figure as save_figure
from shinso.report._style import stylesheet as stylesheet
from shinso.report._summary import render_summary as render_summary
from shinso.report._tuning import rate_figure as rate_figure
from shinso.report._tuning import tuning_figure as tuning_figure
from shinso.report._uncertainty import band_figure as band_figure
from shinso.report._uncertainty import reliability_figure as reliability_figure
from shinso.report._uncertainty import spectrum_figure as spectrum_figure
