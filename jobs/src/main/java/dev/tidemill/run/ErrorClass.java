package dev.tidemill.run;

/// What kind of failure it was, which decides what is done about it.
public enum ErrorClass {
    /// the item itself is bad: it becomes a dead letter, the rest goes on
    DATA,
    /// may go away by itself: a lost connection, a deadlock, a server that is busy
    TRANSIENT,
    /// the other side asks for patience, and may say how much
    RATE_LIMITED,
    /// a disk is full: waits until there is room
    NO_SPACE,
    /// everything else: a person has to look
    UNKNOWN
}
