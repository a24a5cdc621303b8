// A page that one worker rendered anew is shown by all: they read it from the disk, not from a copy in their own memory.
export default { cacheMaxMemorySize: 0 };
