#include "server/worker/locks.hpp"

extern "C" {
#include <catalog/pg_class.h>
#include <catalog/pg_database.h>
#include <storage/ipc.h>
#include <storage/lmgr.h>
#include <storage/lock.h>
}

#include "server/catalog/tables.hpp"
#include "server/module.hpp"

namespace knowhow::server {
namespace {

// What this process holds; a release without it would be a warning in the log.
LOCKTAG held_training;
LOCKTAG held_run;
LOCKTAG held_slot;
LOCKTAG held_watcher;

bool is_held(const LOCKTAG& tag) {
    return tag.locktag_lockmethodid != 0 && LockHeldByMe(&tag, ExclusiveLock
#if PG_VERSION_NUM >= 170000
                                                         ,
                                                         false
#endif
    );
}

bool try_lock(const LOCKTAG& tag, LOCKTAG* held) {
    if (!is_held(tag) && LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL) {
        return false;
    }
    *held = tag;
    return true;
}

void release(LOCKTAG* held) {
    if (is_held(*held)) {
        LockRelease(held, ExclusiveLock, true);
    }
    *held = {};
}

LOCKTAG training_tag(int32 recommender_id) {
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, MyDatabaseId, catalog_table("recommender_catalog"),
                       static_cast<Oid>(recommender_id), 0);
    return tag;
}

LOCKTAG run_tag(int64 run_id) {
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, MyDatabaseId, catalog_table("training_run_catalog"),
                       static_cast<Oid>(run_id), 0);
    return tag;
}

// Database 0 stands for shared objects. pg_class is none, so nobody else locks "its" objects there.
LOCKTAG shared_tag(int number) {
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, InvalidOid, RelationRelationId, static_cast<Oid>(number), 0);
    return tag;
}

constexpr int kWatcher = 0;
constexpr int kFirstSlot = 1;

}  // namespace

void lock_training(int32 recommender_id) {
    LOCKTAG const tag = training_tag(recommender_id);
    LockAcquire(&tag, ExclusiveLock, false, false);
}

bool try_training_lock(int32 recommender_id) {
    return try_lock(training_tag(recommender_id), &held_training);
}

void release_training_lock() {
    release(&held_training);
}

bool try_run_lock(int64 run_id) {
    return try_lock(run_tag(run_id), &held_run);
}

void release_run_lock() {
    release(&held_run);
}

bool run_is_abandoned(int64 run_id) {
    LOCKTAG const tag = run_tag(run_id);
    return !is_held(tag) &&
           LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

bool try_slot() {
    for (int slot = 0; slot < settings::max_concurrent_trainings; ++slot) {
        if (try_lock(shared_tag(kFirstSlot + slot), &held_slot)) {
            return true;
        }
    }
    return false;
}

void release_slot() {
    release(&held_slot);
}

bool try_watcher_lock() {
    return try_lock(shared_tag(kWatcher), &held_watcher);
}

void release_watcher_lock() {
    release(&held_watcher);
}

bool database_is_wanted(Oid database) {
    // What connections take for a moment, and what DROP DATABASE, ALTER DATABASE RENAME, ... SET
    // TABLESPACE and CREATE DATABASE ... TEMPLATE keep out.
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, database, 0);
    if (LockAcquire(&tag, RowExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL) {
        return true;
    }
    LockRelease(&tag, RowExclusiveLock, true);
    return false;
}

void release_locks_at_exit() {
    before_shmem_exit(
        [](int, Datum) {
            release_training_lock();
            release_run_lock();
            release_slot();
            release_watcher_lock();
        },
        static_cast<Datum>(0));
}

}  // namespace knowhow::server
