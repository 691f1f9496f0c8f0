# oracle: included files are not here
execfile("/etc/passwd")
