# KycRate: how much of a rate is used, beside other tests.
#
#   rate_is_used('steady', 97, sub { sandbox_counts($sandbox)->{kira}{requests} }, 100);    # at least 97 % of 100/s
#   rate_is_used('steady', 97, sub { ... }, 100, seconds => 14);    # over 14 seconds
#   rate_is_held('by all', 3, sub { sandbox_faults(...) }, sub { sandbox_counts($sandbox)->{kira} });    # a Retry-After of 3 s
#
# Without `seconds` it is that of the best four seconds (`window`) of up to a quarter of a minute. A machine that is too busy to
# wake the test up in time cannot send in time either: then the short form passes with that word, and the long one measures
# once more, which counts.
package KycRate;

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Time::HiRes qw(sleep time);
use KycProof;

our @EXPORT = qw(rate_is_used rate_is_held);

# The used share of the rate in per cent, and the seconds between two samples, which are to be 0.25.
sub measure
{
    my ($least, $requests, $rate, %option) = @_;
    my $seconds = $option{seconds};
    my $window = $seconds || $option{window} || 4;
    my ($best, @samples) = (0, [time, $requests->()]);
    while (time - $samples[0][0] < ($seconds || 15)) {
        sleep 0.25;
        push @samples, [time, $requests->()];
        my ($from) = grep { $samples[-1][0] - $_->[0] >= $window } $seconds ? @samples : reverse @samples;
        my $used = $from ? 100 * ($samples[-1][1] - $from->[1]) / (($samples[-1][0] - $from->[0]) * $rate) : 0;
        $best = $used if $used > $best;
        last if !$seconds && $best >= $least + 0.5;
    }
    return ($best, ($samples[-1][0] - $samples[0][0]) / $#samples);
}

sub rate_is_used
{
    my ($sentence, $least, $requests, $rate, %option) = @_;
    my ($best, $interval) = measure($least, $requests, $rate, %option);
    my $is_busy = $best < $least && $interval >= 0.28;
    ($best, $interval) = measure($least, $requests, $rate, %option) if $is_busy && proof_is_long();
    my $measured = sprintf '%s: %.1f %% of %d/s', $sentence, $best, $rate;
    if ($is_busy && !proof_is_long()) {
        pass(sprintf '%s, on a machine that is too busy to tell (%.0f ms for 250)', $measured, 1000 * $interval);
        return;
    }
    cmp_ok($best, '>=', $least, $measured);
}

# A 429 with a Retry-After of so many seconds, which $cause brings about: from a second after it, while it surely lasts,
# nothing is sent. On a machine that is too busy less of that time is seen.
sub rate_is_held
{
    my ($sentence, $seconds, $cause, $counts) = @_;
    my $before = $counts->()->{by_status}{429} || 0;
    $cause->();
    my $until = time + 60;
    my $began; # before the answer: that it was not there yet is the last thing that was seen
    while (1) {
        my $now = time;
        last if ($counts->()->{by_status}{429} || 0) > $before;
        return fail("$sentence: no 429 within a minute") if $now > $until;
        $began = $now;
        sleep 0.01;
    }
    $began //= $until - 60;
    sleep 1;
    my $held = $counts->()->{requests};
    my ($last, $looks) = ($held, 0);
    while (1) {
        my $requests = $counts->()->{requests};
        last if time - $began >= $seconds;
        ($last, $looks) = ($requests, $looks + 1);
        sleep 0.1;
    }
    is($last, $held, $sentence);
    cmp_ok($looks, '>', 0, "$sentence: seen $looks times") if proof_is_long();
}

1;
