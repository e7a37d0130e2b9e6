"""Why a network did or did not learn.

- `diagnose`: a run → `Diagnosis`, findings (`Finding`) with evidence, cause and remedy, the first to be acted on first.
- `try_remedy`: the run again with a finding's remedy, and what it did (`RemedyTrial`).
- `baselines_of` a run: what needs no network, beside it (`Baselines`, each a `Baseline`).
- `store_diagnosis`, `stored_diagnosis`: in the folder of the run.
- `evidence_of` a run is what rules read (`Evidence`, with `Layers`, `DataFacts`, `Skills`); `findings_of` evidence.
"""

from shinso.diagnose._baselines import Baseline as Baseline
from shinso.diagnose._baselines import Baselines as Baselines
from shinso.diagnose._baselines import baselines_of as baselines_of
from shinso.diagnose._collect import evidence_of as evidence_of
from shinso.diagnose._diagnose import diagnose as diagnose
from shinso.diagnose._diagnose import findings_of as findings_of
from shinso.diagnose._diagnose import worse_than_baseline as worse_than_baseline
from shinso.diagnose._evidence import DataFacts as DataFacts
from shinso.diagnose._evidence import Evidence as Evidence
from shinso.diagnose._evidence import Layers as Layers
from shinso.diagnose._evidence import Skills as Skills
from shinso.diagnose._finding import Diagnosis as Diagnosis
from shinso.diagnose._finding import Finding as Finding
from shinso.diagnose._finding import Severity as Severity
from shinso.diagnose._stored import store_diagnosis as store_diagnosis
from shinso.diagnose._stored import stored_diagnosis as stored_diagnosis
from shinso.diagnose._trial import RemedyTrial as RemedyTrial
from shinso.diagnose._trial import try_remedy as try_remedy
