/// Schedules: the files in `schedules/`, when their times come, and what is made of each.
///
/// [dev.tidemill.admin.schedules.ScheduleReader] reads a file into a [dev.tidemill.admin.schedules.Schedule];
/// [dev.tidemill.admin.schedules.Reconciler] brings Quartz's store to what the folder says. Quartz only tells
/// [dev.tidemill.admin.schedules.Fires] that a time has come. That decides by the misfire policy and records it in
/// one transaction, then asks for a launch whose identity is the schedule with its time: whatever fires twice
/// launches once. [dev.tidemill.admin.schedules.Sweeper] frees triggers that Quartz itself would leave stuck for
/// ever.
@NullMarked
package dev.tidemill.admin.schedules;

import org.jspecify.annotations.NullMarked;
