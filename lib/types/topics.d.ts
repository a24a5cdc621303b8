// Publish and subscribe.

/**
 * Listens to what any process of the cluster publishes under this topic. It works in workers, in the alone and in the app (there, it
 * uses the cluster that was started last; for others, and before the start, call the methods of {@link ClusterTopics}).
 *
 * The listener gets what is published after the master has heard of it. If a value was retained (`publish` with `retain`), it gets the
 * last one first. The values of one publisher come in order, whatever their topics. All listeners of a process get the same object.
 *
 * @param topic 1 to 256 characters; a process can subscribe to 16,384 topics
 * @returns a function that ends it
 * @throws `ClusterError` `ERR_TOPIC_INVALID`, `ERR_TOPIC_LIMIT`, `ERR_CALLBACK_INVALID`; `ERR_NO_CLUSTER`: this process belongs to no
 * cluster, or has not started one yet
 */
export function subscribe<Value = any>(topic: string, listener: TopicListener<Value>): () => void;

/** Like {@link subscribe}, for one value: the retained one, or the next. */
export function once<Value = any>(topic: string, listener: TopicListener<Value>): () => void;

/**
 * Ends what `subscribe` and `once` began in this process.
 *
 * @param listener which one; by default, all of this topic
 * @throws `ClusterError` `ERR_TOPIC_INVALID`, `ERR_CALLBACK_INVALID`, `ERR_NO_CLUSTER`
 */
export function unsubscribe(topic: string, listener?: TopicListener): void;

/**
 * Gives a value to every process that subscribed to this topic, this one included. A topic without subscribers is not an error.
 *
 * `serialization` decides what a value may contain, as with a message. Like a message to all workers, it waits for no subscriber that
 * reads nothing for 1 s while 8 MiB wait for it: what that one does not get is counted (the event `missed`; for the app itself, the
 * warning `CLUSTER_TOPIC_MISSED`).
 *
 * @returns false if you should wait before you publish more (as with `process.send`), or if nothing can be sent: the channel is closed
 * (warning `CLUSTER_CHANNEL_CLOSED`), or the app's cluster is not running (event `undeliverable`)
 * @throws `ClusterError` `ERR_TOPIC_INVALID`; `ERR_MESSAGE_INVALID`: the value cannot be serialized; `ERR_MESSAGE_TOO_LARGE`: in the
 * app, it is larger than `maxMessageBytes` (in a worker or in the alone, this is the warning `CLUSTER_MESSAGE_TOO_LARGE`);
 * `ERR_NO_CLUSTER`
 */
export function publish<Value = any>(topic: string, value: Value, options?: PublishOptions): boolean;

/** What a listener gets: the value, and where it comes from. */
export type TopicListener<Value = any> = (value: Value, info: TopicInfo) => void;

/** Where a value comes from. The master verifies it. */
export interface TopicInfo {
  /** The kind of process that published it. */
  from: 'app' | 'alone' | 'worker';
  /** Its pid; with `scope: 'fleet'` that on the host of the publisher, where a process of this host may have the same. */
  pid: number;
  /** The topic. */
  topic: string;
  /** Whether it was published before this listener subscribed. */
  retained: boolean;
}

/** How a value is published. */
export interface PublishOptions {
  /** Whether the master keeps the value for those who subscribe later, until another one is retained or the cluster ends, even if its
   *  publisher exits. `null` is a value; `undefined` is none, and removes the one before. The master keeps up to 16,384 values and
   *  64 MiB; beyond that, a value is delivered, but not kept (warning `CLUSTER_TOPIC_NOT_RETAINED` in the publisher). Default:
   *  `false`. */
  retain?: boolean;
  /** `'fleet'`: to those that have subscribed on any host of the fleet, this one included. Each host that is there retains the value by
   *  itself; one that joins later has none. Default: those of this host. */
  scope?: 'fleet';
}

/** What {@link Cluster} has for topics in the app. You may subscribe before `start()`; what is published before is `undeliverable`.
 *  With `enable: false`, the topics are those of this process. */
export interface ClusterTopics {
  /** Like `subscribe()`, for this cluster. */
  subscribe<Value = any>(topic: string, listener: TopicListener<Value>): () => void;
  /** Like `once()`, for this cluster (`Cluster.once` is for events). */
  subscribeOnce<Value = any>(topic: string, listener: TopicListener<Value>): () => void;
  /** Like `unsubscribe()`, for this cluster. */
  unsubscribe(topic: string, listener?: TopicListener): void;
  /** Like `publish()`, for this cluster. */
  publish<Value = any>(topic: string, value: Value, options?: PublishOptions): boolean;
}
