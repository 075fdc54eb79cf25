/**
 * @file
 * All of bide.
 */
#ifndef BIDE_BIDE_H
#define BIDE_BIDE_H

#include <bide/barrier.h>
#include <bide/base.h>
#include <bide/completions.h>
#include <bide/cond.h>
#include <bide/event.h>
#include <bide/fork.h>
#include <bide/future.h>
#include <bide/gather.h>
#include <bide/group.h>
#include <bide/mutex.h>
#include <bide/poll.h>
#include <bide/pool.h>
#include <bide/queue.h>
#include <bide/semaphore.h>
#include <bide/waits.h>

#endif
