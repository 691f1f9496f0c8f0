/* libxl/sharing: which disks are one, and which modes go together. Loop devices and mounts are
 * tests/system/root-sharing.sh's. */
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libxl/sharing.h"
#include "tests/unit/cunit.h"

static void test_modes(void)
{
    static const struct {
        int wanted, held;
        bool conflict;
    } rows[] = {
        {DISK_READ, DISK_READ, false},
        {DISK_READ, DISK_WRITE, true},
        {DISK_READ, DISK_WRITE_SHARED, true},
        {DISK_WRITE, DISK_READ, true},
        {DISK_WRITE, DISK_WRITE, true},
        {DISK_WRITE, DISK_WRITE_SHARED, true},
        {DISK_WRITE_SHARED, DISK_READ, false},
        {DISK_WRITE_SHARED, DISK_WRITE, false},
        {DISK_WRITE_SHARED, DISK_WRITE_SHARED, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CU_ASSERT_EQUAL(disk_conflicts(rows[i].wanted, rows[i].held), rows[i].conflict);
}

static struct disk_identity block(unsigned ma, unsigned mi, unsigned whole)
{
    return (struct disk_identity){
        .place = {.kind = PLACE_BLOCK, .dev = makedev(ma, mi), .whole = makedev(ma, whole)}};
}

static void test_partitions(void)
{
    struct disk_identity sda = block(8, 0, 0);
    struct disk_identity sda1 = block(8, 1, 0);
    struct disk_identity sda2 = block(8, 2, 0);
    struct disk_identity sdb1 = block(8, 17, 16);

    CU_ASSERT_TRUE(disk_overlaps(&sda, &sda));
    CU_ASSERT_TRUE(disk_overlaps(&sda, &sda1));
    CU_ASSERT_TRUE(disk_overlaps(&sda2, &sda));
    CU_ASSERT_FALSE(disk_overlaps(&sda1, &sda2));
    CU_ASSERT_FALSE(disk_overlaps(&sda1, &sdb1));
    CU_ASSERT_FALSE(disk_overlaps(&sda, &sdb1));
}

/* Two volumes on one partition; a file, a loop device's partition on it, and a volume on that. */
static void test_stacks(void)
{
    struct disk_identity sda = block(8, 0, 0), sda1 = block(8, 1, 0), sda2 = block(8, 2, 0);
    struct disk_identity one = block(253, 0, 0), two = block(253, 1, 1), part = block(259, 0, 0);
    struct disk_identity file = {.place = {.kind = PLACE_FILE, .dev = 5, .ino = 7}};

    one.below[one.n_below++] = sda1.place;
    two.below[two.n_below++] = sda1.place;
    CU_ASSERT_FALSE(disk_overlaps(&one, &two));
    CU_ASSERT_FALSE(disk_overlaps(&one, &sda2));
    CU_ASSERT_TRUE(disk_overlaps(&one, &sda1));
    CU_ASSERT_TRUE(disk_overlaps(&sda, &two));
    part.below[part.n_below++] = file.place;
    two.below[two.n_below++] = part.place;
    two.below[two.n_below++] = file.place;
    CU_ASSERT_TRUE(disk_overlaps(&file, &part));
    CU_ASSERT_TRUE(disk_overlaps(&two, &file));
    CU_ASSERT_TRUE(disk_overlaps(&part, &two));
    CU_ASSERT_FALSE(disk_overlaps(&one, &file));
}

static struct disk_identity identity(const char *type, const char *target)
{
    struct disk k = {.type = (char *)type, .target = (char *)target, .vdev = (char *)"xvda"};
    struct disk_identity id;

    disk_identify(&k, &id);
    return id;
}

static void test_names(void)
{
    char dir[] = "/tmp/test_sharing-XXXXXX";
    AUTO(freep) char *a = NULL, *b = NULL, *c = NULL;
    struct disk_identity one, two, none, net = identity("nbd", "host 1"), other;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    a = xasprintf("%s/a", dir);
    b = xasprintf("%s/b", dir);
    c = xasprintf("%s/c", dir);
    close(open(a, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    close(open(c, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    CU_ASSERT_EQUAL(link(a, b), 0);
    one = identity("file", a);
    two = identity("tap", b);
    CU_ASSERT_TRUE(disk_overlaps(&one, &two));
    two = identity("file", c);
    CU_ASSERT_FALSE(disk_overlaps(&one, &two));
    none = identity("file", dir); /* a directory is no disk; nothing is like it, nor is it itself */
    CU_ASSERT_FALSE(disk_overlaps(&none, &none));
    none = identity(NULL, NULL);
    CU_ASSERT_FALSE(disk_overlaps(&none, &none));
    other = identity("nbd", "host 1");
    CU_ASSERT_TRUE(disk_overlaps(&net, &other));
    other = identity("nbd", "host 2");
    CU_ASSERT_FALSE(disk_overlaps(&net, &other));
    CU_ASSERT_FALSE(disk_overlaps(&net, &one));
    other = one; /* what a script made of it, by a name and by what it is */
    memcpy(other.name, net.name, sizeof(other.name));
    CU_ASSERT_TRUE(disk_overlaps(&net, &other));
    CU_ASSERT_TRUE(disk_overlaps(&one, &other));
    unlink(a);
    unlink(b);
    unlink(c);
    rmdir(dir);
}

static const struct test_row rows[] = {{"modes that go together", test_modes},
                                       {"a disk and its partitions", test_partitions},
                                       {"what is made of what", test_stacks},
                                       {"one file by two names", test_names}};

int main(void)
{
    return tests_main("sharing", rows, ARRAY_LEN(rows));
}
