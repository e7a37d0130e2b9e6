"""The studio: networks to draw for, to watch and to play with, in a browser; and one network as one HTML file.

- `export_html`: write a trained network as a page that runs without Python; `network_page`: the same as text.
- `serve`: open the studio; it needs the extra `studio` (FastAPI and Uvicorn), and nothing else here does.
"""

from shinso.studio._export import export_html as export_html
from shinso.studio._export import network_page as network_page
from shinso.studio._serve import NEEDS_EXTRA as NEEDS_EXTRA
from shinso.studio._serve import serve as serve
