package dev.tidemill.admin.alerts;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.run.alerts.Alerts;
import dev.tidemill.run.alerts.Alerts.ChannelView;
import dev.tidemill.run.alerts.Alerts.DeliveryView;
import dev.tidemill.run.alerts.Alerts.EventView;
import dev.tidemill.run.alerts.Alerts.TestView;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Shows what operators are told, and whether it reached them.
@RestController
@RequestMapping("/actuator/alerts")
@Tag(name = "alerts", description = "Events, channels and deliveries")
class AlertsController {

    private static final int MOST = 500;

    private final Alerts alerts;

    AlertsController(Alerts alerts) {
        this.alerts = alerts;
    }

    @GetMapping("/channels")
    @Operation(summary = "Configured channels, without their addresses")
    List<ChannelView> channels() {
        return alerts.channels();
    }

    @PostMapping("/channels/{name}/test")
    @Operation(
            summary = "Send a test message to a channel",
            description =
                    "The answer says whether it arrived. A channel disabled by a 410 is used again once a test arrives.")
    TestView test(@AuthenticationPrincipal Caller caller, @PathVariable String name) {
        if (!alerts.delivers()) {
            throw new BadRequest("name", "this process tells no channels: ask a server (./tidemill serve)");
        }
        return alerts.test(name, caller.workspaceId())
                .orElseThrow(() -> new NotFound("there is no channel " + name
                        + ": GET /actuator/alerts/channels lists those of tidemill.alerts.channels"));
    }

    @GetMapping("/events")
    @Operation(summary = "The newest events of the workspace and of the installation, newest first")
    List<EventView> events(
            @AuthenticationPrincipal Caller caller,
            @RequestParam(name = "open", defaultValue = "false") boolean open,
            @RequestParam(name = "limit", defaultValue = "50") int limit) {
        return alerts.events(caller.workspaceId(), open, checked(limit));
    }

    @GetMapping("/deliveries")
    @Operation(summary = "What became of events at the channels, newest first, with every try")
    List<DeliveryView> deliveries(
            @AuthenticationPrincipal Caller caller, @RequestParam(name = "limit", defaultValue = "50") int limit) {
        return alerts.deliveries(caller.workspaceId(), checked(limit));
    }

    private static int checked(int limit) {
        if (limit < 1 || limit > MOST) {
            throw new BadRequest("limit", "limit is " + limit + ": use a number from 1 to " + MOST);
        }
        return limit;
    }
}
