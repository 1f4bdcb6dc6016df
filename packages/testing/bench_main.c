/* The C side of a bench: reads a number, runs that many times, answers with CPU and wall time. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

void run(long times);

static double cpu_of(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static double wall(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

int main(void) {
  long times;
  while (scanf("%ld", &times) == 1) {
    double cpu_before = cpu_of(RUSAGE_SELF), wall_before = wall();
    run(times);
    printf("%.0f %.0f\n", cpu_of(RUSAGE_SELF) - cpu_before, wall() - wall_before);
    fflush(stdout);
  }
}
