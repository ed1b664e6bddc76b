package dev.tidemill.run;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The jobs of this program.
public final class Jobs {

    private final Map<String, JobDefinition> byName = new LinkedHashMap<>();

    private final UnaryOperator<String> configHash;

    Jobs(List<JobDefinition> definitions) {
        this(definitions, job -> "");
    }

    /// @param configHash hash of the settings of a job, by its name
    Jobs(List<JobDefinition> definitions, UnaryOperator<String> configHash) {
        this.configHash = configHash;
        for (JobDefinition definition : definitions) {
            if (byName.put(definition.name(), definition) != null) {
                throw new IllegalStateException("two jobs are called " + definition.name());
            }
        }
    }

    public Collection<JobDefinition> all() {
        return List.copyOf(byName.values());
    }

    /// The job of a name.
    ///
    /// @throws UnknownJob when there is none
    public JobDefinition get(String name) {
        JobDefinition definition = byName.get(name);
        if (definition == null) {
            throw new UnknownJob(name, byName.keySet());
        }
        return definition;
    }

    @Nullable
    JobDefinition find(String name) {
        return byName.get(name);
    }

    /// Of the settings that a job runs with in this process: equal hashes are equal settings.
    String configHash(String job) {
        JobDefinition definition = byName.get(job);
        return definition == null || definition.configHash().isEmpty()
                ? configHash.apply(job)
                : definition.configHash();
    }

    Set<String> names() {
        return Set.copyOf(byName.keySet());
    }

    /// The parameters of a launch, checked one by one and completed with defaults.
    ///
    /// @throws UnknownJob when there is no such job
    /// @throws InvalidParameter naming the first that is wrong
    public Map<String, String> check(String job, Map<String, String> given) {
        JobDefinition definition = get(job);
        Set<String> known =
                definition.parameters().stream().map(JobParameter::name).collect(Collectors.toSet());
        for (String name : given.keySet()) {
            if (!known.contains(name)) {
                throw new InvalidParameter(
                        name,
                        "unknown property \"" + name + "\": " + job + " takes "
                                + definition.parameters().stream()
                                        .map(JobParameter::name)
                                        .collect(Collectors.joining(", ")));
            }
        }
        Map<String, String> checked = new LinkedHashMap<>();
        for (JobParameter parameter : definition.parameters()) {
            String value = given.get(parameter.name());
            if (value != null) {
                checked.put(parameter.name(), parameter.check(value));
            } else if (parameter.defaultValue() != null) {
                checked.put(parameter.name(), parameter.defaultValue());
            } else if (parameter.required()) {
                throw new InvalidParameter(
                        parameter.name(), parameter.name() + " is missing: " + parameter.description());
            }
        }
        return checked;
    }

    /// Whether two jobs may never run beside each other in a workspace.
    boolean conflict(String one, String other) {
        return names(one).contains(other) || names(other).contains(one);
    }

    private Set<String> names(String job) {
        JobDefinition definition = byName.get(job);
        return definition == null ? Set.of() : definition.policy().conflicts();
    }
}
