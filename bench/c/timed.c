/* Runs one command and writes "wall user system peak_kb status" (seconds, seconds, seconds, KiB, exit code or 128 +
 * signal) to a file. A child's peak starts at its parent's size at the fork, so Python must not be that parent.
 * usage: timed REPORT SECONDS COMMAND [ARGUMENT…]; after SECONDS the command's process group is killed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void too_long(int signal) { (void)signal; kill(-child, SIGKILL); }

static double seconds(struct timeval value) { return value.tv_sec + value.tv_usec / 1e6; }

int main(int argc, char **argv) {
    struct timespec start, end;
    struct rusage usage;
    int status;
    if (argc < 4) return 2;
    clock_gettime(CLOCK_MONOTONIC, &start);
    child = fork();
    if (child < 0) return 2;
    if (child == 0) {
        setpgid(0, 0);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    signal(SIGALRM, too_long);
    alarm(atoi(argv[2]));
    while (wait4(child, &status, 0, &usage) < 0) {}
    clock_gettime(CLOCK_MONOTONIC, &end);
    FILE *report = fopen(argv[1], "w");
    if (report == NULL) return 2;
    fprintf(report, "%.6f %.6f %.6f %ld %d\n",
            (end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9, seconds(usage.ru_utime),
            seconds(usage.ru_stime), usage.ru_maxrss, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    return fclose(report) == 0 ? 0 : 2;
}
