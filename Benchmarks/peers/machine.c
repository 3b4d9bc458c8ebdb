/* What this machine can do, for scale: machine triad | machine loop THREADS
 *
 * triad: a[i] = b[i] + s * c[i] over arrays of 32 MiB, 24 bytes per element counted, best of 20, as STREAM does
 *        (McCalpin 1995); prints bytes per second.
 * loop:  a fixed amount of arithmetic without memory, shared by THREADS threads; prints wall seconds.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COUNT = 1 << 22, WORK = 1 << 28 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

static int triad(void) {
    double *a = malloc(COUNT * sizeof *a), *b = malloc(COUNT * sizeof *b), *c = malloc(COUNT * sizeof *c);
    if (!a || !b || !c) return 1;
    for (long i = 0; i < COUNT; i++) a[i] = 0, b[i] = i, c[i] = 1.0 / (i + 1);
    double best = 1e9;
    for (int round = 0; round < 20; round++) {
        const double scale = 3.0 + round;
        double start = seconds();
        for (long i = 0; i < COUNT; i++) a[i] = b[i] + scale * c[i];
        double took = seconds() - start;
        if (a[round * 1000] < -1) return 1;
        if (took < best) best = took;
    }
    printf("%.6g\n", 24.0 * COUNT / best);
    return 0;
}

static void *work(void *share) {
    double x = 0.5;
    for (long i = 0; i < *(long *)share; i++) x = 3.9 * x * (1 - x);
    volatile double sink = x;
    (void)sink;
    return NULL;
}

static int loop(int threads) {
    pthread_t started[64];
    long share = WORK / threads;
    double start = seconds();
    for (int i = 0; i < threads; i++)
        if (pthread_create(&started[i], NULL, work, &share)) return 1;
    for (int i = 0; i < threads; i++) pthread_join(started[i], NULL);
    printf("%.6g\n", seconds() - start);
    return 0;
}

int main(int count, char **words) {
    if (count == 2 && !strcmp(words[1], "triad")) return triad();
    if (count == 3 && !strcmp(words[1], "loop")) {
        int threads = atoi(words[2]);
        if (threads >= 1 && threads <= 64) return loop(threads);
    }
    fprintf(stderr, "usage: machine triad | machine loop THREADS\n");
    return 2;
}
