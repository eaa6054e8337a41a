#!/usr/bin/perl
# The samples: their script produces the committed files; the clean one has no finding, and in the dirty one check finds
# the planted defects, by rule and number, and nothing else.
use strict;
use warnings;

use Cwd qw(getcwd);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);
use Test::More;

chdir dirname(__FILE__) . '/../..' or die "$!\n";
my $build = $ENV{KYC_BUILD} // 'build';
my $temp  = tempdir(CLEANUP => 1);

ok(system('scripts/make-samples', $temp) == 0, 'the samples can be made again') or BAIL_OUT('no samples');
for my $name (map { "$_.gz" } qw(customers.csv customers-dirty.csv customers.ndjson customers-dirty.ndjson bank.csv saas.ndjson every-defect.csv
    shopify.csv stripe.csv hubspot.csv salesforce.csv auth0.ndjson mongodb.ndjson postgresql.csv)) {
    # What gzip makes of them may differ by its version: the rows may not.
    ok(unpacked("samples/$name") eq unpacked("$temp/$name"), "$name is committed as its script makes it");
}

my $clean = check('jobs/payward.yaml');
is($clean->{status}, 0, 'the clean sample has status 0');
is_deeply([@$clean{qw(read valid rejected warned)}], [200, 200, 0, 0], 'every row of it is valid, without a warning');

my $dirty = check('jobs/demo.yaml');
is($dirty->{status}, 1, 'the dirty sample has status 1');
is($dirty->{read}, $dirty->{valid} + $dirty->{rejected}, 'every row of it is valid or rejected');
my %found = (%{$dirty->{rejects_by_rule}}, %{$dirty->{warnings_by_rule}});
ok(delete $found{'phone/valid'}, 'numbers kept for fiction are warned of');
my %planted = map { split } `scripts/make-samples --tally`;
is_deeply(\%found, \%planted, 'check finds what was planted, rule by rule');

for (['samples/customers-ndjson.yaml', 200], ['samples/bank.yaml', 150], ['samples/saas.yaml', 120]) {
    my ($job, $rows) = @$_;
    my $summary = check($job);
    is_deeply([@$summary{qw(status read valid rejected warned)}], [0, $rows, $rows, 0, 0], "$job: every row is valid, without a warning");
}
for (['samples/customers-ndjson.yaml', 'customers-dirty.ndjson', '--input', 'samples/customers-dirty.ndjson.gz'],
    ['samples/every-defect.yaml', 'every-defect.csv']) {
    my ($job, $name, @more) = @$_;
    my $summary = check($job, @more);
    is($summary->{status}, 1, "$name has status 1");
    my %of = (%{$summary->{rejects_by_rule}}, %{$summary->{warnings_by_rule}});
    delete $of{'phone/valid'} unless $name eq 'every-defect.csv';
    my %wanted = map { split } `scripts/make-samples --tally $name`;
    is_deeply(\%of, \%wanted, "$name: check finds what was planted, rule by rule");
}

# The recipes of the tools' exports: guess, at most five edited lines besides the words of `values`, and the job has the effect of the
# finished one.
my $readme = text('samples/README.md');
my %counts = map { /^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \|/ ? ($1 => [$2, $3, $4]) : () } split /\n/, $readme;
is(keys %counts, 7, 'seven tools have a recipe');
my $choices = 0;
for my $tool (sort keys %counts) {
    my ($input, $provider, $script) = $readme =~ /^### \Q$tool\E\n\n +kyc-import guess (\S+) --provider (\S+) > job\.yaml\n\n```sed\n(.*?)```/ms;
    ok($script, "$tool: a recipe is written") or next;
    my $guessed = qx($build/kyc-import guess $input --provider $provider 2>$temp/guess.err);
    is($?, 0, "$tool: guess");
    put("$temp/edits.sed", $script);
    put("$temp/guessed.yaml", $guessed);
    my $edited = qx(sed -f $temp/edits.sed $temp/guessed.yaml);
    my ($lines, $words) = edits($guessed, $edited);
    cmp_ok($lines, '<=', 5, "  $lines lines and $words words are edited");
    is($lines + $words, $script =~ tr/\n//, '  and each edit does something');
    unlike($edited, qr/^  # TODO/m, '  no TODO is left');
    unlike($edited, qr/^\s*otherwise:/m, '  and no `otherwise` hides a word');
    put("$temp/recipe.yaml", $edited =~ s{^  path: \S+}{  path: @{[getcwd()]}/$input}mr);
    my ($made, $finished) = (check("$temp/recipe.yaml"), check("samples/$tool.yaml"));
    is_deeply([@$made{qw(read valid rejected skipped)}], [300, @{$counts{$tool}}], '  check gives the stated counts');
    is_deeply([@$finished{qw(read valid rejected skipped)}], [300, @{$counts{$tool}}], '  and so it does for the finished job');
    is_deeply($made->{rejects_by_rule}, $finished->{rejects_by_rule}, '  for the same reasons');
    is(payload("$temp/recipe.yaml", $_), payload("samples/$tool.yaml", $_), "  row $_ is sent as the finished job sends it") for 1, 7, 33, 150, 300;
    my ($section) = $readme =~ /^### \Q$tool\E\n(.*?)(?=^### |\z)/ms;
    my (undef, $choice) = $section =~ /^```sed\n(.*?)^```$/msg;
    next unless $choice;
    put("$temp/edits.sed", $choice);
    put("$temp/recipe.yaml", scalar qx(sed -f $temp/edits.sed $temp/recipe.yaml));
    is_deeply([@{check("$temp/recipe.yaml")}{qw(read valid rejected skipped)}], [300, 300, 0, 0], '  the other choice that guess writes has every record valid');
    $choices++;
}
is($choices, 1, 'one recipe has such a choice');
done_testing;

# Lines that differ: those of the job, and those of `values`.
sub edits
{
    my ($before, $after) = map { [split /\n/] } @_;
    my @changed = grep { ($before->[$_] // '') ne ($after->[$_] // '') } 0 .. $#$after;
    my $words = grep { $after->[$_] =~ /^    (?:values:|  \S.*: \S+)\s*\z/ } @changed;
    return (@changed - $words, $words);
}

# What explain shows of a row from its normalized values on; the ledger's place and the report are the job's own.
sub payload
{
    my ($job, $row) = @_;
    my $text = qx($build/kyc-import explain $job --row $row --unmask -q --set ledger=sqlite:$temp/none.ledger 2>&1);
    $text =~ s/^.*?(?=^Normalized)//ms;
    $text =~ s/\A\S+, row/row/; # of a row that is left out
    $text =~ s/\s+← .*$//mg;
    return $text;
}

sub text
{
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return <$in>;
}

sub put
{
    my ($path, $text) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
}

sub unpacked {
    my ($path) = @_;
    open my $pipe, '-|', 'gunzip', '-c', $path or die "gunzip: $!\n";
    binmode $pipe;
    local $/;
    return <$pipe>;
}

sub check {
    my ($job, @more) = @_;
    open my $pipe, '-|', "$build/kyc-import", 'check', $job, @more, '--json', '-q', '--report', "$temp/report",
        '--set', "ledger=sqlite:$temp/none.ledger"
        or die "$build/kyc-import: $!\n";
    local $/;
    my $summary = decode_json(<$pipe>);
    close $pipe;
    return $summary;
}
