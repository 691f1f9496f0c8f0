acpi = true
