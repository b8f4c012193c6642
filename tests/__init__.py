"""A package, so that its commands run even where a dependency installs a top-level package of the same name."""
