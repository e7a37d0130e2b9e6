"""Why a network did or did not learn.

- `diagnose`: a run → `Diagnosis`, findings (`Finding`) with evidence, cause and remedy, the first to be acted on first.
- `try_remedy`: the run again with a finding's remedy, and what it did (`RemedyTrial`).
- `evidence_of` a run is what rules read (`Evidence`, with `Layers`, `DataFacts`, `Skills`); `findings_of` evidence.
"""

from shinso.diagnose._collect import evidence_of as evidence_of
from shinso.diagnose._diagnose import diagnose as diagnose
from shinso.diagnose._diagnose import findings_of as findings_of
from shinso.diagnose._evidence import DataFacts as DataFacts
from shinso.diagnose._evidence import Evidence as Evidence
from shinso.diagnose._evidence import Layers as Layers
from shinso.diagnose._evidence import Skills as Skills
from shinso.diagnose._finding import Diagnosis as Diagnosis
from shinso.diagnose._finding import Finding as Finding
from shinso.diagnose._finding import Severity as Severity
from shinso.diagnose._trial import RemedyTrial as RemedyTrial
from shinso.diagnose._trial import try_remedy as try_remedy
