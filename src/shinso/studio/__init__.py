"""The studio: networks to draw for, to watch and to play with, in a browser; and one network as one HTML file.

- `export_html`: write a trained network as a page that runs without Python; `network_page`: the same as text.
"""

from shinso.studio._export import export_html as export_html
from shinso.studio._export import network_page as network_page
