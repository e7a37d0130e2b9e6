"""What a person can choose, and what is chosen where they did not: one table, one policy, without JAX.

- `Settings`: one experiment's choices, checked; its fields are the table. `rows`: what is known of each (`Row`: `Accepted`
  values, panel, help, default in words, how `Searched`); `default_of`: a default.
- `read_settings`: a settings file. `kind_of`: a name with numbers of its own, such as `elu:alpha=0.5`, for a builder.
- `complete`: the policy; `Description`: what it knows of the data; `WINDOW`, a default that reading needs.
"""

from shinso.settings._accepted import Accepted as Accepted
from shinso.settings._accepted import kind_of as kind_of
from shinso.settings._policy import WINDOW as WINDOW
from shinso.settings._policy import Description as Description
from shinso.settings._policy import complete as complete
from shinso.settings._row import BY_DATA as BY_DATA
from shinso.settings._row import COST as COST
from shinso.settings._row import DATA as DATA
from shinso.settings._row import NETWORK as NETWORK
from shinso.settings._row import PANELS as PANELS
from shinso.settings._row import TRAINING as TRAINING
from shinso.settings._row import Row as Row
from shinso.settings._row import Searched as Searched
from shinso.settings._settings import Settings as Settings
from shinso.settings._settings import default_of as default_of
from shinso.settings._settings import rows as rows
from shinso.settings._toml import read_settings as read_settings
