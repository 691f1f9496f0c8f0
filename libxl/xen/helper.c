/* What children of the driver do, by name: see driver_helper(). */
#include <string.h>

#include "libxl/driver.h"
#include "libxl/xen/bootloader.h"

int xen_helper(int argc, char **argv)
{
    if (strcmp(argv[0], "unpack") == 0)
        return unpack_child();
    return strcmp(argv[0], "boot") == 0 ? boot_child(argc - 1, argv + 1) : 1;
}
