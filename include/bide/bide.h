/**
 * @file
 * All of bide.
 */
#ifndef BIDE_BIDE_H
#define BIDE_BIDE_H

#include <bide/base.h>
#include <bide/completions.h>
#include <bide/cond.h>
#include <bide/fork.h>
#include <bide/future.h>
#include <bide/mutex.h>
#include <bide/pool.h>
#include <bide/waits.h>

#endif
