"""What loadlens is measured by: each benchmark is a package with a command and a page that says how to read it."""
