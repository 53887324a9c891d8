/* fetchmail's MDA: one mail from stdin into a Maildir, synced before the rename, as the other collectors do it.
 * usage: mda MAILDIR; EX_TEMPFAIL when anything goes wrong, so that fetchmail leaves the mail at the server. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

enum { TEMPFAIL = 75 };

int main(int argc, char **argv) {
    static char buffer[1 << 16];
    char name[128], tmp[4096], new[4096];
    struct timeval now;
    ssize_t got;
    if (argc != 2) return TEMPFAIL;
    gettimeofday(&now, NULL);
    snprintf(name, sizeof name, "%ld.M%ldP%d.bench", (long)now.tv_sec, (long)now.tv_usec, (int)getpid());
    snprintf(tmp, sizeof tmp, "%s/tmp/%s", argv[1], name);
    snprintf(new, sizeof new, "%s/new/%s", argv[1], name);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0) return TEMPFAIL;
    while ((got = read(0, buffer, sizeof buffer)) > 0)
        for (ssize_t sent = 0, wrote; sent < got; sent += wrote)
            if ((wrote = write(fd, buffer + sent, got - sent)) <= 0) return TEMPFAIL;
    if (got < 0 || fsync(fd) != 0 || close(fd) != 0 || rename(tmp, new) != 0) return TEMPFAIL;
    return 0;
}
