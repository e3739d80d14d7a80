"""Everything is read from settings.ini, so that version and requirements stand in one place."""
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

cfg = ConfigParser(delimiters=["="])
cfg.read("settings.ini", encoding="utf-8")
cfg = cfg["DEFAULT"]
extras = {k.removesuffix("_requirements"): v.split() for k, v in cfg.items() if k.endswith("_requirements")}

setup(
    name=cfg["lib_name"], version=cfg["version"], description=cfg["description"], keywords=cfg["keywords"],
    author=cfg["author"], author_email=cfg["author_email"], url=cfg["git_url"], license="MIT",
    packages=find_packages(include=["steernb", "steernb.*"]), include_package_data=True,
    package_data={"steernb": ["assets/**/*", "*.mplstyle", "py.typed", "*.pyi", "*/*.pyi"]},
    install_requires=cfg["requirements"].split(), extras_require=extras, python_requires=f">={cfg['min_python']}",
    long_description=Path("README.md").read_text(encoding="utf-8") if Path("README.md").exists() else "",
    long_description_content_type="text/markdown",
    entry_points={"console_scripts": cfg["console_scripts"].split(), "nbdev": [f"{cfg['lib_name']}={cfg['lib_path']}._modidx:d"]},
    zip_safe=False,
)
