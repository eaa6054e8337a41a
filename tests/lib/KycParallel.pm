# KycParallel: many small tests at once, each in a process of its own: they wait more than they work.
#
#   my @figures = cells_run(8, {name => 'payward, create, drop', run => sub { ...; return {faults => 4} }}, ...);
#
# Within `run` all of Test::More counts as one test of the caller, named `name`; what failed is shown with it. What it
# returns (a hash of numbers and strings) comes back, undef when it died.
package KycParallel;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use POSIX ();
use Test::More;
use KycTest;

our @EXPORT = qw(cells_run);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub run_cell
{
    my ($path, $cell) = @_;
    test_forked();
    my $builder = Test::More->builder;
    $builder->reset;
    open my $out, '>', "$path.tap" or POSIX::_exit(2);
    $builder->$_($out) for qw(output failure_output todo_output);
    my $figures = eval { $cell->{run}->() };
    $builder->ok(0, "it dies: $@") if !defined $figures;
    $builder->done_testing;
    end_processes();
    close $out;
    write_file("$path.json", $json->encode($figures));
    POSIX::_exit($builder->is_passing ? 0 : 1);
}

sub start_cell
{
    my ($path, $cell) = @_;
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    run_cell($path, $cell) if $pid == 0;
    return $pid;
}

sub report_cell
{
    my ($path, $cell, $status) = @_;
    my $figures = -e "$path.json" ? $json->decode(read_file("$path.json")) : undef;
    if (!ok($status == 0, $cell->{name})) {
        diag "ended with $status" if $status != 1 << 8;
        diag join '', map { "    $_\n" } grep { !/^\s*ok / } split /\n/, -e "$path.tap" ? read_file("$path.tap") : '';
    }
    return $figures;
}

sub cells_run
{
    my ($at_once, @cells) = @_;
    my $folder = scratch_folder();
    my (%running, @status);
    my @waiting = 0 .. $#cells;
    while (@waiting || %running) {
        while (@waiting && keys %running < $at_once) {
            my $at = shift @waiting;
            $running{start_cell("$folder/$at", $cells[$at])} = $at;
        }
        my $pid = waitpid -1, 0;
        $status[delete $running{$pid}] = $? if defined $running{$pid};
    }
    return map { report_cell("$folder/$_", $cells[$_], $status[$_]) } 0 .. $#cells;
}

1;
