package dev.tidemill.admin.schedules;

import java.time.ZoneId;
import org.quartz.CronTrigger;
import org.quartz.impl.jdbcjobstore.SimplePropertiesTriggerPersistenceDelegateSupport;
import org.quartz.impl.jdbcjobstore.SimplePropertiesTriggerProperties;
import org.quartz.spi.OperableTrigger;

/// How Quartz's JDBC store keeps a trigger of local times. Quartz makes it by its name, so it is public.
public final class LocalTimeTriggerStore extends SimplePropertiesTriggerPersistenceDelegateSupport {

    @Override
    public boolean canHandleTriggerType(OperableTrigger trigger) {
        return trigger instanceof LocalTimeTrigger;
    }

    @Override
    public String getHandledTriggerTypeDiscriminator() {
        return "LOCAL";
    }

    @Override
    protected SimplePropertiesTriggerProperties getTriggerProperties(OperableTrigger trigger) {
        CronTrigger cron = (CronTrigger) trigger;
        SimplePropertiesTriggerProperties properties = new SimplePropertiesTriggerProperties();
        properties.setString1(cron.getCronExpression());
        properties.setString2(cron.getTimeZone().getID());
        return properties;
    }

    @Override
    protected TriggerPropertyBundle getTriggerPropertyBundle(SimplePropertiesTriggerProperties properties) {
        return new TriggerPropertyBundle(
                LocalTimeTrigger.at(properties.getString1(), ZoneId.of(properties.getString2())),
                new String[0],
                new Object[0]);
    }
}
