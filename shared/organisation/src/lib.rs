//! The organisation file: YAML in, a checked policy::Organisation out, errors with file, line and path.
