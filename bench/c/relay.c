/* A link with a round trip: what enters at one end leaves at the other half a round trip later, in each direction, at
 * any rate. usage: relay ROUND_TRIP_MICROSECONDS; each line on stdin is the port of a server on loopback, answered on
 * stdout by the port that leads to it over the link; the end of stdin ends the relay.
 *
 * Over a real link SYN, SYN+ACK and ACK take a round trip before the client may write and one and a half before the
 * server accepts, so that its greeting arrives after two. Here connect() returns at once, but what the client writes in
 * the first round trip counts as written at its end, and the server is connected to after one and a half: its greeting
 * arrives after two, and a client that spoke first could not tell the difference either. A refusal arrives half a round trip
 * late (the client is told of it by a reset).
 *
 * Not imitated: slow start, loss, any limit to the rate. A direction holds up to HELD octets and stops reading then. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 18, HELD = 64 << 20, EVENTS = 256, BACKLOG = 1024 };
enum kind { STDIN, TIMER, LISTENER, END };
enum what { DATA, FINISH, RESET };
enum side { CLIENT, SERVER };

struct chunk { /* on its way since `due` minus half a round trip */
    struct chunk *next;
    int64_t due;
    size_t length, sent;
    enum what what;
    char data[];
};

struct end { /* one socket: what epoll hands back begins with its kind */
    enum kind kind;
    struct link *link;
    int fd; /* -1: not connected yet, or gone */
    uint32_t interest;
    bool finished; /* nothing more will be read from it */
    bool closed;   /* nothing more will be written to it */
    bool full;     /* it takes no more octets for now */
    struct chunk *first, *last; /* on their way to it */
    size_t held;
};

struct link {
    struct link *next;
    struct end ends[2];
    int64_t established, connects; /* when the client may write; when the server accepts */
    uint16_t server_port;
    bool over;
};

struct listener { enum kind kind; int fd; uint16_t server_port; };

static int epoll;
static int64_t half;
static struct link *links;

static void die(const char *why) { perror(why); exit(1); }

static int64_t now(void) { /* nanoseconds */
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int tcp_socket(void) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    /* bbr, some kernels' default, paces by the round trips that it saw: on loopback it throttles. Accepted sockets inherit. */
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    return fd;
}

static struct sockaddr_in loopback(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void watch(int fd, uint32_t interest, void *whom) {
    struct epoll_event event = {.events = interest, .data.ptr = whom};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

static void send_off(struct link *link, enum side to, enum what what, const char *data, size_t length) {
    struct chunk *chunk = malloc(sizeof *chunk + length);
    struct end *end = &link->ends[to];
    int64_t written = now();
    if (chunk == NULL) die("malloc");
    if (written < link->established) written = link->established;
    *chunk = (struct chunk){.due = written + half, .length = length, .what = what};
    if (length > 0) memcpy(chunk->data, data, length);
    if (end->first == NULL) end->first = chunk; else end->last->next = chunk;
    end->last = chunk;
    end->held += length;
}

static void drop_first(struct end *end) {
    struct chunk *chunk = end->first;
    end->first = chunk->next;
    end->held -= chunk->length;
    free(chunk);
}

static void leave(struct end *end) { /* epoll forgets a descriptor that is closed */
    if (end->fd >= 0) close(end->fd);
    end->fd = -1;
    while (end->first != NULL) drop_first(end);
}

static void reset(struct end *end) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (end->fd >= 0) setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    leave(end);
}

static void broke(struct link *link, enum side side) { /* that end is gone: the other learns of it in its time */
    link->ends[side].finished = link->ends[side].closed = true;
    leave(&link->ends[side]);
    send_off(link, !side, RESET, NULL, 0);
}

static void take(struct link *link, enum side side) {
    static char buffer[BUFFER];
    struct end *end = &link->ends[side];
    ssize_t got = recv(end->fd, buffer, sizeof buffer, 0);
    if (got > 0) {
        send_off(link, !side, DATA, buffer, got);
    } else if (got == 0 && !end->finished) {
        end->finished = true;
        send_off(link, !side, FINISH, NULL, 0);
    } else if (got < 0 && errno != EAGAIN && errno != EINTR) {
        broke(link, side);
    }
}

static void hand_over(struct link *link, enum side side, int64_t time) { /* what is due at this end */
    struct end *end = &link->ends[side];
    while (end->fd >= 0 && !end->full && end->first != NULL && end->first->due <= time) {
        struct chunk *chunk = end->first;
        if (chunk->what == RESET) {
            reset(end);
            link->over = true;
            return;
        }
        if (chunk->what == FINISH) {
            shutdown(end->fd, SHUT_WR);
            end->closed = true;
            drop_first(end);
            continue;
        }
        ssize_t sent = send(end->fd, chunk->data + chunk->sent, chunk->length - chunk->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            broke(link, side);
        } else if (sent < 0) {
            end->full = errno == EAGAIN;
        } else if ((chunk->sent += sent) == chunk->length) {
            drop_first(end);
        }
    }
}

static void connect_server(struct link *link) { /* a failure shows as an event of the socket */
    struct sockaddr_in address = loopback(link->server_port);
    struct end *end = &link->ends[SERVER];
    end->fd = tcp_socket();
    watch(end->fd, end->interest = EPOLLIN, end);
    connect(end->fd, (struct sockaddr *)&address, sizeof address);
}

static void tend(struct link *link, int64_t time) {
    bool connects = link->connects != 0 && link->connects <= time;
    if (connects) {
        link->connects = 0;
        connect_server(link);
    }
    for (enum side side = CLIENT; side <= SERVER && !link->over; side++) hand_over(link, side, time);
    if (link->over) return;
    for (enum side side = CLIENT; side <= SERVER; side++) {
        struct end *end = &link->ends[side];
        bool room = !end->finished && link->ends[!side].held < HELD;
        uint32_t interest = (room ? EPOLLIN : 0) | (end->full ? EPOLLOUT : 0);
        if (end->fd < 0) continue;
        if (end->finished && end->closed) { /* else its hang-up would be reported for ever */
            leave(end);
        } else if (interest != end->interest) {
            struct epoll_event event = {.events = interest, .data.ptr = end};
            if (epoll_ctl(epoll, EPOLL_CTL_MOD, end->fd, &event) != 0) die("epoll_ctl");
            end->interest = interest;
        }
    }
    link->over = link->connects == 0 && link->ends[CLIENT].fd < 0 && link->ends[SERVER].fd < 0;
}

static void accept_client(struct listener *listener) {
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) die("calloc");
    int64_t time = now();
    link->established = time + 2 * half;
    link->connects = time + 3 * half;
    link->server_port = listener->server_port;
    link->ends[CLIENT] = (struct end){.kind = END, .link = link, .fd = fd, .interest = EPOLLIN};
    link->ends[SERVER] = (struct end){.kind = END, .link = link, .fd = -1};
    link->next = links;
    links = link;
    watch(fd, EPOLLIN, &link->ends[CLIENT]);
}

static void listen_for(uint16_t server_port) {
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    struct listener *listener = malloc(sizeof *listener);
    if (listener == NULL) die("malloc");
    *listener = (struct listener){.kind = LISTENER, .fd = tcp_socket(), .server_port = server_port};
    if (bind(listener->fd, (struct sockaddr *)&address, size) != 0 || listen(listener->fd, BACKLOG) != 0) die("listen");
    if (getsockname(listener->fd, (struct sockaddr *)&address, &size) != 0) die("getsockname");
    watch(listener->fd, EPOLLIN, listener);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
}

static void read_order(void) {
    static char line[64];
    static size_t length;
    ssize_t got = read(STDIN_FILENO, line + length, sizeof line - 1 - length);
    if (got <= 0) exit(0);
    length += got;
    for (char *end; (end = memchr(line, '\n', length)) != NULL;) {
        listen_for(atoi(line));
        length -= end + 1 - line;
        memmove(line, end + 1, length);
    }
}

static void set_timer(int timer) {
    int64_t first = INT64_MAX;
    for (struct link *link = links; link != NULL; link = link->next) {
        if (link->connects != 0 && link->connects < first) first = link->connects;
        for (enum side side = CLIENT; side <= SERVER; side++) {
            struct end *end = &link->ends[side];
            if (end->fd >= 0 && !end->full && end->first != NULL && end->first->due < first) first = end->first->due;
        }
    }
    struct itimerspec setting = {0}; /* which disarms */
    if (first != INT64_MAX)
        setting.it_value = (struct timespec){.tv_sec = first / 1000000000, .tv_nsec = first % 1000000000};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, NULL);
}

static void happened(struct end *end, uint32_t events) {
    enum side side = end == &end->link->ends[SERVER] ? SERVER : CLIENT;
    if (end->fd < 0 || end->link->over) return;
    if (events & EPOLLOUT) end->full = false;
    if ((events & (EPOLLERR | EPOLLHUP)) && end->finished) {
        broke(end->link, side);
    } else if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
        take(end->link, side);
    }
}

int main(int argc, char **argv) {
    static struct epoll_event events[EVENTS];
    static enum kind input = STDIN, clock_kind = TIMER;
    if (argc != 2 || (half = atoll(argv[1]) * 1000 / 2) <= 0) {
        fprintf(stderr, "usage: relay ROUND_TRIP_MICROSECONDS\n");
        return 2;
    }
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0 || timer < 0) die("epoll");
    watch(STDIN_FILENO, EPOLLIN, &input);
    watch(timer, EPOLLIN, &clock_kind);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int index = 0; index < count; index++) {
            uint64_t expirations;
            void *whom = events[index].data.ptr;
            switch (*(enum kind *)whom) {
            case STDIN: read_order(); break;
            case TIMER: if (read(timer, &expirations, sizeof expirations) < 0) {} break;
            case LISTENER: accept_client(whom); break;
            case END: happened(whom, events[index].events); break;
            }
        }
        int64_t time = now();
        for (struct link **at = &links; *at != NULL;) {
            struct link *link = *at;
            tend(link, time);
            if (!link->over) { at = &link->next; continue; }
            *at = link->next;
            leave(&link->ends[CLIENT]);
            leave(&link->ends[SERVER]);
            free(link);
        }
        set_timer(timer);
    }
}
