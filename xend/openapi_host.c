/* Tables of the OpenAPI document, about the host: networks, interfaces. See openapi_keys.h. */
#include "libxl/base/mem.h"
#include "xend/openapi_keys.h"

static const struct key network_keys[] = {
    {"name", "string", .doc = "Its name."},
    {"mode", "string", .doc = "nat, routed, isolated or bridge."},
    {"cidr", "string", "Its addresses, as 10.77.0.0/24.", .flags = OPTIONAL},
    {"cidr6", "string", "Likewise of IPv6, as fd00:1:2:3::/64.", .flags = OPTIONAL},
    {"bridge", "string", "The bridge of the host that mode bridge stands for.", .flags = OPTIONAL},
    {"dhcp", "boolean", .doc = "Guests get addresses."},
    {"dns", "boolean", .doc = "Guests can ask for names."},
    {"autostart", "boolean", .doc = "It starts with xend."},
    {"active", "boolean", .doc = "It is there."},
};

static const struct key networks_keys[] = {
    {"networks", "[Network", .doc = "By name."},
};

/* What both a new network and a changed one may be given. */
#define MAY(name, type, doc)                                                                       \
    {                                                                                              \
        name, type, doc, .flags = OPTIONAL                                                         \
    }
#define NETWORK_SETTINGS                                                                           \
    MAY("mode", "string", "nat (when not given), routed, isolated or bridge."),                    \
        MAY("cidr", "string", "Its addresses; else a free 10.77.N.0/24."),                         \
        MAY("cidr6", "string", "IPv6, of 64 bits, or auto; none when not given."),                 \
        MAY("bridge", "string", "With mode bridge: which one."),                                   \
        MAY("dhcp", "boolean", "Guests get addresses; true when not given."),                      \
        MAY("dns", "boolean", "Guests can ask for names; likewise."),                              \
        MAY("autostart", "boolean", "It starts with xend; likewise.")

static const struct key new_network_keys[] = {
    {"name", "string", .doc = "Its name."},
    NETWORK_SETTINGS,
    {"start", "boolean", "It starts now; likewise.", .flags = OPTIONAL},
};

static const struct key network_force_keys[] = {
    {"force", "boolean", "Also while domains use it.", .flags = OPTIONAL},
};

static const struct key network_autostart_keys[] = {
    {"autostart", "boolean", "Whether it does; true when not given.", .flags = OPTIONAL},
};

static const struct key network_edit_keys[] = {
    NETWORK_SETTINGS,
    {"force", "boolean", "Also while domains use it.", .flags = OPTIONAL},
};

static const struct key lease_keys[] = {
    {"network", "string", .doc = "The virtual network."},
    {"mac", "string", .doc = "Whose address it is."},
    {"ip", "string", .doc = "The address."},
    {"name", "string", "What the guest calls itself.", .flags = OPTIONAL},
    {"expires", "integer", .doc = "When it ends, in seconds since the epoch; 0: never."},
};

static const struct key leases_keys[] = {
    {"leases", "[Lease", .doc = "Of all networks."},
};

static const struct key interface_keys[] = {
    {"name", "string", .doc = "Its name."},
    {"type", "string", .doc = "ethernet, wireless, loopback, or what the kernel made: bridge..."},
    {"active", "boolean", .doc = "It is up."},
    {"carrier", "boolean", .doc = "It has a connection."},
    {"mac", "string", "Its MAC address.", .flags = OPTIONAL},
    {"mtu", "integer", .doc = "The most that one packet has, in bytes."},
    {"bridge", "string", "Whose port it is.", .flags = OPTIONAL},
    {"addresses", "[string", .doc = "IPv4 and IPv6, with the bits of their networks."},
};

static const struct key interfaces_keys[] = {
    {"interfaces", "[Interface", .doc = "In the kernel's order."},
};

static const struct key iface_bridge_keys[] = {
    {"bridge", "string", .doc = "The bridge to make."},
};

static const struct key iface_unbridge_keys[] = {
    {"force", "boolean", "Also while guests are on it.", .flags = OPTIONAL},
};

static const struct key pci_device_keys[] = {
    {"bdf", "string", .doc = "Its address."},
    {"class", "string", "Class and subclass, hexadecimal.", .flags = OPTIONAL},
    {"vendor", "string", "Hexadecimal.", .flags = OPTIONAL},
    {"device", "string", "Likewise.", .flags = OPTIONAL},
    {"driver", "string", "The driver of the host that has it.", .flags = OPTIONAL},
    {"was", "string", "The one that had it before it was set aside.", .flags = OPTIONAL},
    {"group", "string", "Its IOMMU group.", .flags = OPTIONAL},
    {"assigned", "boolean", .doc = "It is set aside for guests."},
    {"domain", "string", "The running domain that has it.", .flags = OPTIONAL},
};

static const struct key pci_devices_keys[] = {
    {"driver", "string", .doc = "The driver that sets devices aside: vfio-pci or pciback."},
    {"devices", "[PciDevice", .doc = "By address."},
};

static const struct key pci_assign_keys[] = {
    {"force", "boolean", "Also when the host uses it.", .flags = OPTIONAL},
};

static const struct key usb_device_keys[] = {
    {"path", "string", .doc = "Its bus and ports, as 1-2.3."},
    {"bus", "integer", .doc = "Its bus."},
    {"addr", "integer", .doc = "Its address on that bus."},
    {"vendor", "string", "Hexadecimal.", .flags = OPTIONAL},
    {"product", "string", "Likewise.", .flags = OPTIONAL},
    {"name", "string", "What it calls itself.", .flags = OPTIONAL},
    {"domain", "string", "The running domain that has it.", .flags = OPTIONAL},
};

static const struct key usb_devices_keys[] = {
    {"devices", "[UsbDevice", .doc = "By path."},
};

static const struct key vnc_password_keys[] = {
    {"password", "string", "The password; null: none is asked for.", .flags = NULLABLE},
};

#define KEYS(k) (k), ARRAY_LEN(k)
const struct schema host_schemas[] = {
    {"Network", "A virtual network.", KEYS(network_keys), 0},
    {"Networks", "The virtual networks.", KEYS(networks_keys), 0},
    {"NewNetwork", "A virtual network to make.", KEYS(new_network_keys), 0},
    {"NetworkForce", "How.", KEYS(network_force_keys), 0},
    {"NetworkEdit", "What it is to be, as a whole.", KEYS(network_edit_keys), 0},
    {"NetworkAutostart", "Whether it starts with xend.", KEYS(network_autostart_keys), 0},
    {"Lease", "An address that a guest has.", KEYS(lease_keys), 0},
    {"Leases", "The addresses that guests have.", KEYS(leases_keys), 0},
    {"Interface", "A network interface of the host.", KEYS(interface_keys), 0},
    {"Interfaces", "The host's interfaces.", KEYS(interfaces_keys), 0},
    {"IfaceBridge", "A bridge for it.", KEYS(iface_bridge_keys), 0},
    {"IfaceUnbridge", "How.", KEYS(iface_unbridge_keys), 0},
    {"PciDevice", "A PCI device of the host.", KEYS(pci_device_keys), 0},
    {"PciDevices", "The host's PCI devices.", KEYS(pci_devices_keys), 0},
    {"PciAssign", "How.", KEYS(pci_assign_keys), 0},
    {"VncPassword", "How to get at a screen.", KEYS(vnc_password_keys), 0},
    {"UsbDevice", "A USB device of the host.", KEYS(usb_device_keys), 0},
    {"UsbDevices", "The host's USB devices.", KEYS(usb_devices_keys), 0},
};
const size_t host_schemas_count = ARRAY_LEN(host_schemas);
