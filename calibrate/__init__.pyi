from calibrate.analyses.inspect.inspect import inspect as inspect
from calibrate.analyses.plain_metrics import BinnedMetric, PlainMetric
from calibrate.api import compare as compare
from calibrate.api import cross_evaluate as cross_evaluate
from calibrate.api import evaluate as evaluate
from calibrate.api import evaluate_top_labels as evaluate_top_labels
from calibrate.api import fit as fit
from calibrate.api import fit_per_label as fit_per_label
from calibrate.blocks.passes import running as running
from calibrate.calibrators.file import load as load
from calibrate.calibrators.file import save as save
from calibrate.calibrators.methods.per_label import PerLabelTemperature as PerLabelTemperature
from calibrate.calibrators.methods.temperature import Temperature as Temperature
from calibrate.calibrators.protocol import Fit as Fit
from calibrate.data.dataset import Dataset as Dataset
from calibrate.data.readers.answers import read_top_labels as read_top_labels
from calibrate.data.readers.open import open_dataset as open_dataset
from calibrate.data.reading import Reading as Reading
from calibrate.data.top_labels import TopLabels as TopLabels
from calibrate.errors import CalibrateError as CalibrateError
from calibrate.errors import FitError as FitError
from calibrate.errors import InputError as InputError
from calibrate.metrics.settings import Settings as Settings
from calibrate.results.comparison import Comparison as Comparison
from calibrate.results.inspection import Inspection as Inspection
from calibrate.results.measurement import Measurement as Measurement
from calibrate.results.report import Report as Report

accuracy: PlainMetric
augrc: PlainMetric
aurc: PlainMetric
auroc: PlainMetric
brier: PlainMetric
brier_calibration: PlainMetric
brier_refinement: PlainMetric
classwise_ece: BinnedMetric
ece: BinnedMetric
ece_equal_mass: PlainMetric
ks: PlainMetric
mce: BinnedMetric
mean_confidence: PlainMetric
nll: PlainMetric
nll_calibration: PlainMetric
overconfidence: PlainMetric
positive_ece: BinnedMetric
rmsce: BinnedMetric
rmsce_debiased: PlainMetric
smooth_ece: PlainMetric
top_5_accuracy: PlainMetric

__version__: str
