#!/usr/bin/perl
# Customers in doubt: status says what to do and prints the command for each; results --state in_doubt writes the list that
# resolve --from reads, with a user's id or the word absent filled in.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycParallel;
use KycTest;
use KycRun;

my @wide = ('--nonce-window', 10_000_000_000);

sub states { my ($case) = @_; return join ' ', map { "$_->[0]=$_->[1]" } case_ledger($case, 'SELECT external_id, state FROM customer ORDER BY id'); }

# Runs a command that was printed, as a person's shell reads it, with the program of this build.
sub as_printed
{
    my ($case, $command, %instead) = @_;
    $command =~ s/\b$_\b/$instead{$_}/g for keys %instead;
    my (undef, undef, undef, @settings) = case_arguments($case, 'status');
    my $quoted = join ' ', map { "'" . s/'/'\\''/gr . "'" } @settings;
    my $program = program('kyc-import');
    $command =~ s/^kyc-import/'$program'/ or die "no command: $command";
    return run_program('/bin/sh', '-c', "$command $quoted");
}

# The commands of a status that begin so.
sub commands { my ($out, $name) = @_; return $out =~ /^ +(kyc-import $name .*)$/mg; }

for my $provider (provider_names()) {
    parallel $provider => sub {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'drop:100%@create');
        my $case = case_new($sandbox, provider => $provider, rows => 4,
            set => {'delivery.attempts' => 1, 'delivery.in_doubt' => 'hold', 'delivery.timeout' => '1s', $provider eq 'payso' ? ('provider.settle_after' => '400ms') : ()});
        # Paths and keys that a shell would take apart.
        rename $case->{folder}, "$case->{folder} it's" or die $!;
        $case->{folder} .= " it's";
        my $csv = csv_rows(4);
        $csv =~ s/^cust-000002,/"it's 2",/m;
        write_file("$case->{folder}/export.csv", $csv);
        case_run($case, '-q');
        sandbox_faults($sandbox);
        my %id = map { $_->{email} =~ s/@.*//r => $_->{id} } sandbox_users($sandbox, $provider);
        is(scalar keys %id, 4, "$provider: four creates landed, and none is known");

        my ($status, $out, $err) = case_run($case, 'status');
        is($status, 1, 'status is 1') or diag $err;
        like($out, qr/^4 in doubt \(the request may have been carried out\):$/m, 'how many are in doubt');
        is(() = $out =~ /no run resolves it, because delivery\.in_doubt is `hold`/g, 1, 'the advice is there once');
        my @commands = commands($out, 'resolve');
        is(scalar(grep { /--key/ } @commands), 4, 'and a command for each customer') or diag $out;
        (my $quoted = "$case->{folder}/job.yaml") =~ s/'/'\\''/g;
        is($commands[1], "kyc-import resolve '$quoted' --key 'it'\\''s 2' --user USER_ID", 'quoted for a shell');
        ($status, $out, $err) = as_printed($case, $commands[1], USER_ID => qq('$id{'cust-000002'}'));
        is($status, 0, 'run as it is printed, with the id filled in') or diag $err;
        like($out, qr/^1 resolved/, 'it resolves the customer');

        # The list: an answer, no answer yet, and the word absent.
        ($status, $out, $err) = case_run($case, 'results', '--state', 'in_doubt');
        is($status, 0, 'the list of those in doubt') or diag $err;
        my ($header, @lines) = split /\n/, $out;
        is(scalar @lines, 3, 'has a line for each');
        my @names = split /,/, $header;
        my ($user_column) = grep { $names[$_] eq 'user_id' } 0 .. $#names;
        my @filled = map {
            my @cells = split /,/, $_, -1;
            $cells[$user_column] = {'cust-000001' => $id{'cust-000001'}, 'cust-000003' => '', 'cust-000004' => 'Absent'}->{$cells[1]};
            join ',', @cells;
        } @lines;
        write_file("$case->{folder}/in-doubt.csv", join "\n", $header, @filled, '');
        # As if the user of the fourth had never been made.
        ($status, $out, $err) = case_run($case, 'resolve', '--from', "$case->{folder}/in-doubt.csv");
        is($status, 0, 'is read with what was filled in') or diag $err;
        is($out, "2 resolved, 0 adopted, 0 accepted as they are, 0 not written, 1 left as they are (no user_id)\n", 'and an empty line waits');
        is(states($case), "cust-000001=created it's 2=created cust-000003=in_doubt cust-000004=unsent", 'so the ledger has it');
        ($status, $out) = case_run($case, 'results', '--state', 'in_doubt');
        is(() = $out =~ /^\d/mg, 1, 'one is left in the list');
        is_verified($case, 'the ledger verifies');

        # Without hold a run resolves the rest.
        delete @{$case->{set}}{qw(delivery.attempts delivery.in_doubt)};
        ($status, $out) = case_run($case, 'status');
        like($out, qr/^  A create may have been carried out\. The next run .*\n      kyc-import run '.*job\.yaml'\n    cust-000003/m, 'a run resolves it, says status');
        unlike($out, qr/kyc-import resolve/, 'and nothing is left for a person');
        case_run($case, '-q');
        if ($provider eq 'kraken-embed') { # it answers that the user exists, and not which: then a person decides
            ($status, $out) = case_run($case, 'status');
            like($out, qr/^  The provider reports a conflicting user\. Look it up there, then:$/m, 'a doubt that a run could not resolve');
            my ($command) = commands($out, 'resolve');
            ($status, $out, $err) = as_printed($case, $command, USER_ID => "'$id{'cust-000003'}'");
            is($status, 0, 'has its command') or diag $err;
        }
        ($status, $out) = case_run($case, 'results', '--state', 'in_doubt');
        is(() = $out =~ /^\d/mg, 0, 'nobody is in doubt any more') or diag $out;
        is(sandbox_counts($sandbox)->{$provider}{over_limit}, 0, 'never over the limit');
        sandbox_stop($sandbox);
    };
}

parallel 'states of results' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, rows => 6);
    sandbox_faults($sandbox, 'status-500:x1@create');
    case_run($case, '-q', '--set', 'delivery.attempts=1', '--set', 'delivery.in_doubt=hold', '--set', 'delivery.in_flight=1');
    my %count = map { @$_ } case_ledger($case, 'SELECT state, count(*) FROM customer GROUP BY 1');
    is_deeply(\%count, {in_doubt => 1, created => 5}, 'one is in doubt, five are created');
    my $lines = sub { my ($status, $out, $err) = case_run($case, 'results', @_); is($status, 0, "results @_") or diag $err; return () = $out =~ /^\d/mg; };
    is($lines->('--state', 'in_doubt'), 1, 'in doubt');
    is($lines->('--state', 'created'), 5, 'created');
    is($lines->('--state', 'created,in_doubt'), 6, 'a list of states');
    is($lines->('--state=created', '--state=in_doubt'), 6, 'or given twice');
    is($lines->('--state', 'refused'), 0, 'refused');
    is($lines->('--state', 'in_doubt', '--verification', 'pending'), 0, 'both kinds of states');
    for my $row (['--state', 'indoubt', qr/--state cannot be `indoubt`\nhint: did you mean `in_doubt`\?/], ['--state', '', qr/--state cannot be ``/],
        ['--state', 'in_doubt,', qr/--state cannot be ``/], ['--state', 'rejected', qr/--state cannot be `rejected`\nhint: it is a state of the verification: --verification rejected/],
        ['--verification', 'refused', qr/--verification cannot be `refused`\nhint: it is a state of the customer: --state refused/],
        ['--state', 'banana', qr/--state cannot be `banana`\nhint: .*in_doubt/]) {
        my ($option, $value, $want) = @$row;
        my ($status, undef, $err) = case_run($case, 'results', $option, $value);
        is($status, 2, "$option '$value' is refused");
        like($err, $want, 'and the message names the nearest');
    }
    sandbox_stop($sandbox);
};

# Links and documents are not the create: another command sends them again.
parallel 'links and documents in doubt' => sub {
    my $sandbox = sandbox_start(@wide);
    my $case = case_new($sandbox, provider => 'kira', rows => 2, set => {'delivery.attempts' => 1});
    case_run($case, '-q');
    case_run($case, 'refresh', '-q');
    sandbox_faults($sandbox, 'drop:100%@link');
    my ($status, $out, $err) = case_run($case, 'links', '-q', '--only', 'pending');
    is($status, 1, 'links without an answer') or diag $err;
    (undef, $out) = case_run($case, 'status');
    like($out, qr/^2 links in doubt; sent again by:\n      kyc-import links \S+job\.yaml$/m, 'are in the status, with their command') or diag $out;
    sandbox_faults($sandbox);
    my ($command) = commands($out, 'links');
    ($status, undef, $err) = as_printed($case, $command);
    is($status, 0, 'which sends them again') or diag $err;
    unlike((case_run($case, 'status'))[1], qr/in doubt/, 'and then none is left');
    sandbox_stop($sandbox);
};

# A run that is killed while its requests are under way leaves them journalled.
parallel 'a killed run' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'slow:100%@create');
    my $case = case_new($sandbox, rows => 2);
    my $pid = case_start($case, '-q');
    for (1 .. 100) {
        last if eval { (case_ledger($case, q(SELECT count(*) FROM customer WHERE state = 'journalled')))[0][0] == 2 };
        select undef, undef, undef, 0.1;
    }
    kill KILL => $pid;
    waitpid $pid, 0;
    my ($status, $out, $err) = case_run($case, 'results', '--state', 'in_doubt');
    is(() = $out =~ /^\d+,cust-00000\d,journalled,,/mg, 2, 'a create that a run left without a result is in doubt') or diag $out, $err;
    is(() = (case_run($case, 'results', '--state', 'journalled'))[1] =~ /^\d/mg, 2, 'and has its own word');
    ($status, $out) = case_run($case, 'status');
    like($out, qr/^2 in doubt .*\n\n  A create may have been carried out\. .*repeated: the same external_reference gives the same user\):\n      kyc-import run \S+\n    cust-000001\n    cust-000002\n/m, 'the next run repeats it');
    sandbox_faults($sandbox);
    is((case_run($case, '-q'))[0], 0, 'and so it does');
    is_settled($case, 'all are created once');
    sandbox_stop($sandbox);
};

parallel 'what is open besides' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, rows => 3);
    my $csv = csv_rows(3);
    case_run($case, '-q');
    $csv =~ s/Morgan3/Morton3/;
    $csv .= csv_rows(1) =~ s/^.*?\n//r =~ s/^cust-000001,/cust-000009,/r; # a twin of the first
    write_file("$case->{folder}/export.csv", $csv);
    sandbox_faults($sandbox, 'drop:x1@update');
    case_run($case, '-q', '--set', 'delivery.attempts=1', '--set', 'delivery.stop_after.twins=100%', '--set', 'delivery.stop_after.updated_share=100%');
    my ($status, $out, $err) = case_run($case, 'status');
    is($status, 1, 'an update in doubt is status 1') or diag $err;
    like($out, qr/^  An update may have been carried out\. The next run that has the rows sends it again:\n      kyc-import run \S+job\.yaml\n    cust-000003/m, 'the next run sends it again');
    like($out, qr/^1 refused; code and message of each:\n      kyc-import results \S+job\.yaml --state refused\n\n  1 as the twin .*\n      kyc-import resolve \S+job\.yaml --key NEW --same-as OLD$/m, 'a twin has its command');
    like($out, qr/^  If the export has the person twice,.* remove one of the rows there\.$/m, '  and what to do about a person who is in the export twice');
    (undef, $out) = case_run($case, 'status', '--json');
    my $doubt = JSON::PP->new->utf8->decode($out)->{in_doubt}[0];
    is($doubt->{command}, "kyc-import run $case->{folder}/job.yaml", 'the command is in the JSON, too');
    sandbox_stop($sandbox);
};
parallel_run(4);
done_testing;
