package dev.tidemill.run;

/// Is told what happens to runs, in the transaction that makes it so: what an observer writes commits with it. An
/// exception undoes it.
public interface RunObserver {

    void observe(RunEvent event);
}
