# KycParallel: many small tests in parallel, each in a process of its own: they wait more than they compute.
#
#   my @figures = cells_run(8, {name => 'payward, create, drop', run => sub { ...; return {faults => 4} }}, ...);
#   parallel 'the canary' => sub { ... };  parallel 'the breaker' => sub { ... };  parallel_run(4);    # like subtest
#   my @results = parallel_map(4, sub { my ($item, $number) = @_; ...; return {...} }, @items);
#
# Within `run` all of Test::More counts as one test of the caller, named `name`; its failures are shown with it.
package KycParallel;

use strict;
use warnings;
use Exporter 'import';
use File::Temp ();
use JSON::PP;
use POSIX ();
use Test::More;
use KycTest;

our @EXPORT = qw(cells_run parallel parallel_run parallel_map);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# Calls visit(item, number) for each item, at most $width processes at a time. Returns the hashes that it returned, in the
# order of the items, each with its item; {died => why} where it returned none.
sub parallel_map
{
    my ($width, $visit, @items) = @_;
    my (%running, @results);
    my $next = 0;
    while ($next < @items || %running) {
        while ($next < @items && keys %running < $width) {
            my $file = File::Temp->new;
            my $pid = fork;
            die "fork: $!" if !defined $pid;
            if ($pid == 0) {
                test_forked();
                my $result = eval { $visit->($items[$next], $next) } || {died => "$@"};
                end_processes();
                write_file($file->filename, $json->encode($result));
                POSIX::_exit(0);
            }
            $running{$pid} = [$next++, $file];
        }
        my $pid = waitpid -1, 0;
        my $ended = delete $running{$pid} or next;
        my ($number, $file) = @$ended;
        $results[$number] = eval { $json->decode(read_file($file->filename)) } || {died => "it ended with status $?"};
        $results[$number]{item} = $items[$number];
    }
    return @results;
}

# In a process of its own: {figures => what the cell returned (undef: it died), passing, tap, skipped => why, or undef}.
sub run_cell
{
    my ($cell) = @_;
    my $builder = Test::More->builder;
    $builder->reset;
    my $tap = '';
    open my $out, '>', \$tap or die "tap: $!";
    $builder->$_($out) for qw(output failure_output todo_output);
    my $figures = eval { $cell->{run}->() };
    $builder->ok(0, "it dies: $@") if !defined $figures;
    $builder->done_testing;
    my ($skipped) = $tap =~ /^ok 1 # skip (.*)/m;
    return {figures => $figures, passing => $builder->is_passing ? 1 : 0, tap => $tap, skipped => $skipped};
}

# The figures of each cell, in their order; undef where it died.
sub cells_run
{
    my ($width, @cells) = @_;
    my @results = parallel_map($width, \&run_cell, @cells);
    for my $result (@results) {
        if (defined $result->{skipped}) {
            SKIP: { skip "$result->{item}{name}: $result->{skipped}", 1 }
            next;
        }
        next if ok($result->{passing}, $result->{item}{name});
        diag $result->{died} if defined $result->{died};
        diag join '', map { "    $_\n" } grep { !/^\s*ok / } split /\n/, $result->{tap} || '';
    }
    return map { $_->{figures} } @results;
}

my @later;

# As subtest, but run by parallel_run, which returns what the function returned.
sub parallel
{
    my ($name, $run) = @_;
    push @later, {name => $name, run => sub {
        my $result;
        subtest $name => sub { $result = $run->() };    # in which `plan skip_all` ends nothing else
        return ref $result eq 'HASH' ? $result : {};
    }};
}

sub parallel_run
{
    my ($width) = @_;
    return cells_run($ENV{KYC_AT_ONCE} || $width, splice @later);
}

1;
