/* The names of virtual disks and their numbers: see vdev_number in device.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "libxl/device.h"

#define NAMED_DISKS (26 + 26 * 26) /* a to zz */
#define LETTERS_MAX 3              /* up to xvdzzz: 18,278 disks, far over DOMAIN_DEVICES_MAX */

/* Source: Linux's Documentation/admin-guide/devices.txt. */
static const int hd_majors[] = {3, 22, 33, 34, 56, 57, 88, 89, 90, 91};
static const int sd_majors[] = {8,   65,  66,  67,  68,  69,  70,  71,
                                128, 129, 130, 131, 132, 133, 134, 135};

/* hd: 2 disks of 64 minors to a major; a..t. */
static int64_t hd_number(int disk, int part)
{
    if (disk >= 2 * (int)ARRAY_LEN(hd_majors) || part > 63)
        return -1;
    return hd_majors[disk / 2] * 256 + disk % 2 * 64 + part;
}

/* sd: 16 disks of 16 minors to a major. */
static int64_t sd_number(int disk, int part)
{
    if (disk >= 16 * (int)ARRAY_LEN(sd_majors) || part > 15)
        return -1;
    return sd_majors[disk / 16] * 256 + disk % 16 * 16 + part;
}

/* xvd: major 202 for the first 16; others have the "extended" numbers. */
static int64_t xvd_number(int disk, int part)
{
    if (disk < 16 && part <= 15)
        return (202 << 8) + (disk << 4) + part;
    return (1 << 28) + (disk << 8) + part;
}

static int64_t vd_number(int disk, int part)
{
    return (1LL << 32) + (disk << 8) + part;
}

static const struct {
    const char *prefix;
    int64_t (*number)(int disk, int part);
} names[] = {{"xvd", xvd_number}, {"hd", hd_number}, {"sd", sd_number}, {"vd", vd_number}};

/* "b12": disk 1, partition 12; "aa": disk 26, partition 0 (the whole disk). */
static bool read_letters(const char *text, int *disk, int *part)
{
    size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    const char *digits = text + letters;
    size_t n = strspn(digits, "0123456789");

    if (letters == 0 || letters > LETTERS_MAX || digits[n] || n > 3 || digits[0] == '0')
        return false;
    *disk = 0;
    for (size_t i = 0; i < letters; i++)
        *disk = *disk * 26 + (text[i] - 'a' + 1);
    *disk -= 1;
    *part = 0;
    for (size_t i = 0; i < n; i++)
        *part = *part * 10 + (digits[i] - '0');
    return *part <= 255;
}

int64_t vdev_number(const char *text)
{
    int64_t number;
    int disk, part;

    if (strncmp(text, "/dev/", 5) == 0)
        text += 5;
    if (isdigit((unsigned char)text[0]))
        return parse_int(text, &number) && number <= INT32_MAX ? number : -1;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t n = strlen(names[i].prefix);
        if (strncmp(text, names[i].prefix, n) == 0 && read_letters(text + n, &disk, &part))
            return names[i].number(disk, part);
    }
    return -1;
}

static char *name_of(const char *prefix, int disk, int part)
{
    char letters[3] = {(char)('a' + disk % 26)}, number[8] = "";

    if (disk >= 26) {
        letters[1] = letters[0];
        letters[0] = (char)('a' + disk / 26 - 1);
    }
    if (part)
        snprintf(number, sizeof(number), "%d", part);
    return xasprintf("%s%s%s", prefix, letters, number);
}

/* The numbers of a disk's partitions follow one another, but that xvd has others from 16 on. */
char *vdev_name(int64_t number)
{
    for (size_t i = 0; i < ARRAY_LEN(names) * NAMED_DISKS; i++)
        for (int first = 0; first <= 16; first += 16) {
            int64_t (*of)(int, int) = names[i / NAMED_DISKS].number;
            int disk = (int)(i % NAMED_DISKS);
            int64_t part = number - of(disk, first) + first;

            if (part >= first && part <= 255 && of(disk, (int)part) == number)
                return name_of(names[i / NAMED_DISKS].prefix, disk, (int)part);
        }
    return NULL;
}
