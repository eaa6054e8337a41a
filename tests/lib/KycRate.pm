# KycRate: how much of a rate is used, beside other tests.
#
#   my $used = rate_used(sub { sandbox_counts($sandbox)->{kira}{requests} }, 100);                # in percent of 100/s
#   my $used = rate_used(sub { ... }, 100, seconds => 14);    # over 14 seconds: of a machine that does nothing else
#
# Without `seconds` it is that of the best four seconds (`window`) of up to a quarter of a minute. A machine that is too busy to
# wake the test up in time cannot send in time either: then what was measured is noted, and 100 returned.
package KycRate;

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(rate_used);

sub rate_used
{
    my ($requests, $rate, %option) = @_;
    my $seconds = $option{seconds};
    my $window = $seconds || $option{window} || 4;
    my ($best, @samples) = (0, [time, $requests->()]);
    while (time - $samples[0][0] < ($seconds || 15)) {
        sleep 0.25;
        push @samples, [time, $requests->()];
        my ($from) = grep { $samples[-1][0] - $_->[0] >= $window } $seconds ? @samples : reverse @samples;
        my $used = $from ? 100 * ($samples[-1][1] - $from->[1]) / (($samples[-1][0] - $from->[0]) * $rate) : 0;
        $best = $used if $used > $best;
        last if !$seconds && $best >= 97.5;
    }
    my $interval = ($samples[-1][0] - $samples[0][0]) / $#samples;
    return $best if $best >= 97 || $seconds || $interval < 0.28;
    note sprintf 'a busy machine (%.0f ms for 250): %.1f %% of %d/s', 1000 * $interval, $best, $rate;
    return 100;
}

1;
