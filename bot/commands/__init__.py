"""One small module per group of commands: parse, call, print a table or JSON, exit code."""
