package dev.tidemill.admin;

import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.StandardEnvironment;

/// Refuses settings under `tidemill` that nothing reads. The sections below them refuse their own unknown keys.
class SettingsCheck implements BeanFactoryPostProcessor, EnvironmentAware {

    private static final List<String> SECTIONS =
            List.of("alerts", "answer", "database", "embedding", "events", "health", "questions", "runs", "upload");
    private static final List<String> VALUES = List.of("home", "dist", "spool", "shared", "schedules.folder");
    private static final Set<String> OF_THE_MACHINE = Set.of(
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
            StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME);

    private ConfigurableEnvironment environment = new StandardEnvironment();

    @Override
    public void setEnvironment(Environment current) {
        environment = (ConfigurableEnvironment) current;
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory factory) {
        for (var source : environment.getPropertySources()) {
            if (source instanceof EnumerablePropertySource<?> listed && !OF_THE_MACHINE.contains(source.getName())) {
                for (String name : listed.getPropertyNames()) {
                    check(name, source.getName());
                }
            }
        }
    }

    static void check(String name, String where) {
        if (!name.startsWith("tidemill.")) {
            return;
        }
        String rest = name.substring("tidemill.".length());
        boolean known = VALUES.contains(rest) || SECTIONS.stream().anyMatch(section -> rest.startsWith(section + "."));
        if (!known) {
            throw new IllegalArgumentException("unknown setting " + name + " in " + where + ": known are tidemill."
                    + String.join(".*, tidemill.", SECTIONS) + ".*, tidemill." + String.join(", tidemill.", VALUES));
        }
    }
}
