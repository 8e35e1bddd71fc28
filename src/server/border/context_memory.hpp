// PostgreSQL's memory contexts as a memory resource of the standard library.
#pragma once

#include "server/border/postgres.hpp"

#include <cstring>
#include <memory>
#include <memory_resource>
#include <new>

namespace knowhow::server {

// Lets engine containers live in a memory context: PostgreSQL sees what they take (an aggregate
// over many groups spills to disk in time), and a reset frees it without a destructor. An object
// all of whose memory comes from here may therefore be forgotten. For the main thread only; no
// error is raised by a jump: where memory ends, std::bad_alloc is thrown.
class ContextMemory : public std::pmr::memory_resource {
  public:
    explicit ContextMemory(MemoryContext context) : context_(context) {}

  private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        if (alignment <= MAXIMUM_ALIGNOF) {
            return allocate_in_context(bytes);
        }
        // Contexts align to 8 bytes, and the standard arena asks for 16. What the context gave is
        // remembered in front of what is handed out.
        std::size_t const room = bytes + alignment + sizeof(void*);
        void* const whole = allocate_in_context(room);
        void* aligned = static_cast<char*>(whole) + sizeof(void*);
        std::size_t left = room - sizeof(void*);
        std::align(alignment, bytes, aligned, left);
        memcpy(static_cast<char*>(aligned) - sizeof(void*), &whole, sizeof(void*));
        return aligned;
    }
    void do_deallocate(void* memory, std::size_t, std::size_t alignment) override {
        if (alignment > MAXIMUM_ALIGNOF) {
            memcpy(&memory, static_cast<char*>(memory) - sizeof(void*), sizeof(void*));
        }
        pfree(memory);
    }
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }

    void* allocate_in_context(std::size_t bytes) {
        // Asked for more than its limit, the context would report that by a jump.
        void* const memory =
            AllocHugeSizeIsValid(bytes)
                ? MemoryContextAllocExtended(context_, bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM)
                : nullptr;
        if (memory == nullptr) {
            throw std::bad_alloc();
        }
        return memory;
    }

    MemoryContext context_;
};

}  // namespace knowhow::server
