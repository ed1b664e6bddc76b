package dev.tidemill.run;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.jdbc.core.simple.JdbcClient;

/// What all chunk steps share.
///
/// @param jobs asked for when a step runs: jobs are made of steps
record ChunkPolicies(
        ObjectProvider<Jobs> jobs,
        JdbcClient jdbc,
        DeadLetters letters,
        ItemsInHand itemsInHand,
        Pause pause,
        RandomGenerator random) {

    <I, O> ChunkPolicy<I, O> of(@Nullable Items<I> items) {
        return new ChunkPolicy<>(this, items);
    }

    JobPolicy policy(String job) {
        JobDefinition definition = jobs.getObject().find(job);
        return definition == null ? JobPolicy.defaults() : definition.policy();
    }
}
