// What Node as it is published, and the libstdc++ of Debian, take of glibc, and musl does not have:
// with it, both run on musl. It is loaded in place of glibc's loader, which they ask for, too.
#define _GNU_SOURCE
#include <fcntl.h>
#include <link.h>
#include <locale.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

// What the stack begins with. Node has a place of its own for it, which cannot be written any more
// by now.
extern char **environ;
void *__libc_stack_end;

__attribute__((constructor)) static void begin(void) {
  uintptr_t size = sysconf(_SC_PAGESIZE), page = (uintptr_t)&__libc_stack_end & -size;
  mprotect((void *)page, size, PROT_READ | PROT_WRITE);
  __libc_stack_end = environ;
}

const char *gnu_get_libc_version(void) { return "2.28"; } // what Node is built for

char __libc_single_threaded;

int fcntl64(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  return fcntl(fd, command, argument);
}

int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void)) {
  return pthread_atfork(before, parent, child);
}

int __res_init(void) { return 0; } // musl reads resolv.conf for every question

// A locale as libstdc++ looks into it: where musl has what it knows itself, and then the tables.
struct locale {
  void *categories[13];
  const unsigned short *classes;
  const int *lower, *upper;
  const char *names[13];
};

const unsigned short **__ctype_b_loc(void);
const int **__ctype_tolower_loc(void), **__ctype_toupper_loc(void);

enum { CATEGORIES_OF_MUSL = 6, ALL_OF_GLIBC = 1 << 6 };

locale_t __duplocale(locale_t locale) {
  struct locale *copy = calloc(1, sizeof *copy);
  if (!copy) return NULL;
  memcpy(copy->categories, locale, CATEGORIES_OF_MUSL * sizeof(void *));
  copy->classes = *__ctype_b_loc();
  copy->lower = *__ctype_tolower_loc();
  copy->upper = *__ctype_toupper_loc();
  for (int i = 0; i < 13; i++) copy->names[i] = "C";
  return (locale_t)copy;
}

void __freelocale(locale_t locale) { free(locale); }

locale_t __newlocale(int mask, const char *name, locale_t base) {
  locale_t made = newlocale(mask & ALL_OF_GLIBC ? LC_ALL_MASK : mask, name, 0);
  if (!made) return NULL;
  if (base) __freelocale(base);
  return __duplocale(made);
}

size_t __strftime_l(char *s, size_t n, const char *format, const struct tm *tm, locale_t locale) {
  return strftime_l(s, n, format, tm, locale);
}

uint32_t arc4random(void) {
  uint32_t n;
  if (getrandom(&n, sizeof n, 0) != sizeof n) abort();
  return n;
}

// Objects of a thread with destructors, the last first.
struct object {
  void (*destroy)(void *);
  void *self;
  struct object *next;
};

static pthread_key_t objects;

static void destroyAll(void *first) {
  for (struct object *one = first, *next; one; one = next) {
    next = one->next;
    one->destroy(one->self);
    free(one);
  }
}

static void makeKey(void) { pthread_key_create(&objects, destroyAll); }

int __cxa_thread_atexit_impl(void (*destroy)(void *), void *self) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, makeKey);
  struct object *one = malloc(sizeof *one);
  *one = (struct object){destroy, self, pthread_getspecific(objects)};
  return pthread_setspecific(objects, one);
}

// Where the code at an address says how it is unwound.
struct dl_find_object {
  unsigned long long flags;
  void *start, *end;
  struct link_map *map;
  void *eh_frame;
  unsigned long long reserved[7];
};

struct search {
  uintptr_t address;
  struct dl_find_object *found;
};

static int lookInto(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  struct search *search = data;
  struct dl_find_object found = {0};
  int isThere = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + part->p_vaddr, end = start + part->p_memsz;
    if (part->p_type == PT_GNU_EH_FRAME) found.eh_frame = (void *)start;
    if (part->p_type != PT_LOAD) continue;
    if (!found.start) found.start = (void *)start;
    found.end = (void *)end;
    if (start <= search->address && search->address < end) isThere = 1;
  }
  if (!isThere || !found.eh_frame) return 0;
  *search->found = found;
  return 1;
}

int _dl_find_object(void *address, struct dl_find_object *found) {
  struct search search = {(uintptr_t)address, found};
  return dl_iterate_phdr(lookInto, &search) ? 0 : -1;
}

// For objects of any size, which no instruction exchanges.
_Bool exchangeIfSame(size_t, void *, void *, const void *) __asm__("__atomic_compare_exchange");
_Bool exchangeIfSame(size_t size, void *object, void *expected, const void *desired) {
  static _Bool isHeld;
  while (__atomic_test_and_set(&isHeld, __ATOMIC_ACQUIRE)) continue;
  _Bool isSame = memcmp(object, expected, size) == 0;
  memcpy(isSame ? object : expected, isSame ? desired : object, size);
  __atomic_clear(&isHeld, __ATOMIC_RELEASE);
  return isSame;
}

// What is only for after a crash, and for coroutines of addons.
int backtrace(void **frames, int size) { return (void)frames, (void)size, 0; }
char **backtrace_symbols(void *const *frames, int size) { return (void)frames, (void)size, NULL; }
void backtrace_symbols_fd(void *const *frames, int size, int fd) {
  (void)frames, (void)size, (void)fd;
}
void getcontext(void) { abort(); }
void makecontext(void) { abort(); }
void setcontext(void) { abort(); }

// What libgcc has under a name of an older version, which musl does not look for.
struct { unsigned vendor, type, subtype, features[1]; } __cpu_model;
int __cpu_indicator_init(void) { return 0; }
